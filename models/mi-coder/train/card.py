"""Evaluates the exported model and writes the tables and the calibration plot of the model card."""

import re
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import calibrate
import data
import metrics
from calibrate import REFLEX
from data import CLIENT, CLIENT_CLASSES, PRACTITIONER, PRACTITIONER_CLASSES, RIGHTING_REFLEX, Line
from encoder import OUTPUTS, RANGES

# The evaluation conversations are dealt into so many hands; each hand is judged with settings from the others.
HANDS = 4
FORMS = {"as written": lambda said: said, "no punctuation": data.bare}


def decide(setting: dict, line: Line, p: np.ndarray) -> set[str]:
    """The codes that the program gives (crates/coding/src/decide.rs), without their order."""
    who, codes = ("practitioner", PRACTITIONER) if line.practitioner else ("client", CLIENT)
    classes = PRACTITIONER_CLASSES if line.practitioner else CLIENT_CLASSES
    probs = dict(zip(codes, p[RANGES[f"{who}_codes"]], strict=True))
    marked = line.practitioner and p[REFLEX] >= setting["righting_reflex"]["soft"]
    allowed = {c for c in codes if marked or c not in RIGHTING_REFLEX}
    chosen = {c for c in allowed if probs[c] >= setting["thresholds"][c]}
    for group in (("question_open", "question_closed", "question_scale"), ("reflection_simple", "reflection_complex", "summary")):
        several = [c for c in group if c in chosen]
        chosen -= set(several) - {max(several, key=probs.get, default="")}
    if marked and not chosen & RIGHTING_REFLEX:
        chosen.add(max(sorted(RIGHTING_REFLEX), key=probs.get))
    if chosen - {"facilitate", "neutral"}:
        chosen -= {"facilitate", "neutral"}
    if not chosen:
        best = classes[int(p[RANGES[f"{who}_class"]].argmax())]
        chosen = {max((c for c in codes if c in allowed and data.CLASS_OF_CODE[c] == best), key=probs.get)}
    return chosen


class Judged:
    """The evaluation lines in one form, each with probabilities and marks by settings that did not see its conversation."""

    def __init__(self, dev: list[Line], z: np.ndarray, other: np.ndarray) -> None:
        order = sorted({x.group for x in dev}, key=lambda g: (sum(x.righting_reflex for x in dev if x.group == g), g))
        hand = {g: i % HANDS for i, g in enumerate(order)}
        at = np.array([hand[x.group] for x in dev])
        self.p = np.zeros((len(dev), OUTPUTS))
        self.soft, self.firm = np.zeros(len(dev), dtype=bool), np.zeros(len(dev), dtype=bool)
        self.codes: list[set[str]] = [set() for _ in dev]
        for k in range(HANDS):
            rest = np.where(at != k)[0]
            found = calibrate.settings([dev[i] for i in rest] * 2, np.concatenate([z[rest], other[rest]]))
            for i in np.where(at == k)[0]:
                p = calibrate.probabilities(z[i : i + 1], found["scale"], found["shift"])[0]
                self.p[i] = p
                marks = found["righting_reflex"]
                self.soft[i], self.firm[i] = p[REFLEX] >= marks["soft"], p[REFLEX] >= marks["firm"]
                self.codes[i] = decide(found, dev[i], p)


def coarse(p: np.ndarray, lines: list[Line], practitioner: bool) -> dict:
    at = [i for i, x in enumerate(lines) if x.practitioner == practitioner]
    classes = PRACTITIONER_CLASSES if practitioner else CLIENT_CLASSES
    head = RANGES["practitioner_class" if practitioner else "client_class"]
    gold = np.array([classes.index(lines[i].coarse) for i in at])
    found = p[at][:, head].argmax(1)
    groups = np.array([lines[i].group for i in at])

    def score(g, f):
        return metrics.macro_f1(g, f, len(classes))

    low, high = metrics.interval(gold, found, groups, score)
    return {"n": len(at), "macro_f1": score(gold, found), "interval": [low, high]}


def slice_of(dev: list[Line], at: list[int], judged: Judged) -> dict:
    lines, p = [dev[i] for i in at], judged.p[at]
    asked = [i for i, x in enumerate(lines) if x.practitioner and x.open_question is not None]
    o = RANGES["practitioner_codes"].start
    is_open = p[:, o + PRACTITIONER.index("question_open")] >= p[:, o + PRACTITIONER.index("question_closed")]
    said = [i for i, x in enumerate(lines) if x.practitioner]
    gold = np.array([lines[i].righting_reflex for i in said])
    soft, firm = judged.soft[at], judged.firm[at]
    wrong, hours = calibrate.sound_lines(lines)
    reflex = {
        "n": len(said), "positive": int(gold.sum()), "average_precision": metrics.average_precision(gold, p[said, REFLEX]),
        "precision_at_recall_0.6": metrics.precision_at_recall(gold, p[said, REFLEX], 0.6),
        "calibration_error": metrics.calibration_error(gold, p[said, REFLEX]), "hours_of_sound_talk": hours,
    }  # fmt: skip
    for name, marked in (("soft", soft), ("firm", firm)):
        precision, recall, _ = metrics.precision_recall_f1(gold, marked[said])
        false = int(marked[wrong].sum())
        reflex[name] = {"precision": precision, "recall": recall, "false_marks_per_hour": false / max(hours, 1e-9), "false_marks": false}
    return {
        "practitioner": coarse(p, lines, True), "client": coarse(p, lines, False),
        "open_accuracy": float(np.mean([is_open[i] == lines[i].open_question for i in asked])), "open_n": len(asked),
        "role_accuracy": float(np.mean([(p[i, RANGES["role"].start] >= 0.5) == x.practitioner for i, x in enumerate(lines)])),
        "righting_reflex": reflex,
    }  # fmt: skip


def evaluate(dev: list[Line], z: dict[str, np.ndarray]) -> tuple[dict, dict[str, Judged]]:
    """`z`: form of the text → logits of each line."""
    judged = {form: Judged(dev, z[form], z[other]) for form, other in zip(FORMS, reversed(FORMS), strict=True)}
    out: dict = {"slices": {}, "codes": {}}
    for form in FORMS:
        for origin in ("annomi", "physio"):
            for lang in ("en", "nl"):
                at = [i for i, x in enumerate(dev) if x.origin == origin and x.lang == lang]
                out["slices"][f"{origin} {lang}, {form}"] = slice_of(dev, at, judged[form])
    chosen = judged["as written"].codes
    for lang in ("en", "nl"):
        for codes, practitioner in ((PRACTITIONER, True), (CLIENT, False)):
            at = [i for i, x in enumerate(dev) if x.lang == lang and x.practitioner == practitioner]
            groups = np.array([dev[i].group for i in at])
            for code in codes:
                gold = np.array([code in dev[i].codes for i in at])
                found = np.array([code in chosen[i] for i in at])
                precision, recall, f1 = metrics.precision_recall_f1(gold, found)
                spread = metrics.interval(gold, found, groups, lambda g, f: metrics.precision_recall_f1(g, f)[2])
                out["codes"][f"{code} {lang}"] = {"n": int(gold.sum()), "precision": precision, "recall": recall, "f1": f1, "interval": spread}
    return out, judged


def summary(numbers: dict, setting: dict) -> str:
    rows = ["| conversations | practitioner macro-F1 (95 %) | client macro-F1 (95 %) | open or closed | role from text | "
            "reflex AP | P at R 0.6 | soft P / R | firm P / R | ECE | false marks an hour of sound talk, soft / firm |",
            "| --- " * 11 + "|"]  # fmt: skip
    for name, s in numbers["slices"].items():
        r = s["righting_reflex"]
        spread = lambda c: f"{c['macro_f1']:.2f} ({c['interval'][0]:.2f}–{c['interval'][1]:.2f})"  # noqa: E731
        rows.append(
            f"| {name} | {spread(s['practitioner'])} | {spread(s['client'])} | {s['open_accuracy']:.2f} | {s['role_accuracy']:.2f} "
            f"| {r['average_precision']:.2f} ({r['positive']} of {r['n']}) | {r['precision_at_recall_0.6']:.2f} "
            f"| {r['soft']['precision']:.2f} / {r['soft']['recall']:.2f} | {r['firm']['precision']:.2f} / {r['firm']['recall']:.2f} "
            f"| {r['calibration_error']:.3f} | {r['soft']['false_marks_per_hour']:.1f} / {r['firm']['false_marks_per_hour']:.1f} |"
        )
    t = setting["righting_reflex"]
    return "\n".join([*rows, "", f"Thresholds of the righting reflex: soft {t['soft']}, firm {t['firm']}."])


def code_table(numbers: dict, setting: dict) -> str:
    rows = ["| code | threshold | English n | P | R | F1 (95 %) | Dutch n | P | R | F1 (95 %) |", "| --- " * 10 + "|"]
    for code in PRACTITIONER + CLIENT:
        cells = []
        for lang in ("en", "nl"):
            c = numbers["codes"][f"{code} {lang}"]
            cells.append(f"{c['n']} | {c['precision']:.2f} | {c['recall']:.2f} | {c['f1']:.2f} ({c['interval'][0]:.2f}–{c['interval'][1]:.2f})")
        family = "**" if code in RIGHTING_REFLEX else ""
        rows.append(f"| {family}`{code}`{family} | {setting['thresholds'][code]:.2f} | {' | '.join(cells)} |")
    return "\n".join(rows)


def plot(path: Path, dev: list[Line], judged: Judged) -> None:
    """Reliability of the righting reflex: what was said against how often it came true, a dot a bin, its area by its lines."""
    size, edge = 420, 60
    image = Image.new("RGB", (2 * (size + 2 * edge) - edge, size + 2 * edge), "white")
    draw = ImageDraw.Draw(image)
    for k, lang in enumerate(("en", "nl")):
        left, top = edge + k * (size + edge), edge
        draw.rectangle([left, top, left + size, top + size], outline="#888888")
        draw.line([left, top + size, left + size, top], fill="#bbbbbb")
        draw.text((left, top - 20), {"en": "English", "nl": "Dutch"}[lang] + ": righting reflex, evaluation conversations", fill="black")
        for tick in (0, 0.5, 1):
            draw.text((left + tick * size - 6, top + size + 8), f"{tick:g}", fill="black")
            draw.text((left - 24, top + (1 - tick) * size - 6), f"{tick:g}", fill="black")
        draw.text((left + size / 2 - 60, top + size + 26), "probability given", fill="black")
        at = [i for i, x in enumerate(dev) if x.practitioner and x.lang == lang]
        p, gold = judged.p[at, REFLEX], np.array([dev[i].righting_reflex for i in at])
        bins = np.minimum((p * 10).astype(int), 9)
        for b in range(10):
            here = bins == b
            if here.any():
                x, y = left + p[here].mean() * size, top + (1 - gold[here].mean()) * size
                r = 3 + 2.5 * np.log2(here.sum())
                draw.ellipse([x - r, y - r, x + r, y + r], outline="#1b6ca8", width=2)
                draw.text((x + r + 2, y - 6), str(int(here.sum())), fill="#1b6ca8")
    draw.text((edge, size + 2 * edge - 18), "height: share that is a righting reflex; number: lines in the bin; the diagonal is perfect", fill="black")
    image.save(path)


def write(path: Path, numbers: dict, setting: dict) -> None:
    """Replaces what stands between the markers `<!-- NAME -->` and `<!-- /NAME -->`."""
    card = path.read_text(encoding="utf-8")
    for name, made in (("scores", summary(numbers, setting)), ("codes", code_table(numbers, setting))):
        card, n = re.subn(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", lambda m, made=made: m[1] + made + "\n" + m[2], card, flags=re.S)
        if n != 1:
            raise SystemExit(f"{path}: no markers for {name}")
    path.write_text(card, encoding="utf-8")
