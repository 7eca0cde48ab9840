"""Evaluates the exported model and writes the tables of the model card between its markers."""

import re
from pathlib import Path

import numpy as np

import data
import metrics
import train
from data import CLIENT, CLIENT_CLASSES, PRACTITIONER, PRACTITIONER_CLASSES, RIGHTING_REFLEX, Line
from model import RANGES

SOUND_WORDS_A_SECOND = 3.0  # as `gids coach` assumes where there are no times
REFLEX = RANGES["righting_reflex"].start


def decide(spec: dict, line: Line, p: np.ndarray) -> set[str]:
    """The codes that the program gives (crates/coding/src/decide.rs), without their order."""
    who, codes = ("practitioner", PRACTITIONER) if line.practitioner else ("client", CLIENT)
    classes = PRACTITIONER_CLASSES if line.practitioner else CLIENT_CLASSES
    probs = dict(zip(codes, p[RANGES[f"{who}_codes"]]))
    marked = line.practitioner and p[REFLEX] >= spec["righting_reflex"]["soft"]
    allowed = {c for c in codes if marked or c not in RIGHTING_REFLEX}
    chosen = {c for c in allowed if probs[c] >= spec["thresholds"][c]}
    for group in (("question_open", "question_closed", "question_scale"), ("reflection_simple", "reflection_complex", "summary")):
        several = [c for c in group if c in chosen]
        chosen -= set(several) - {max(several, key=probs.get, default="")}
    if marked and not chosen & RIGHTING_REFLEX:
        chosen.add(max(RIGHTING_REFLEX, key=probs.get))
    if chosen - {"facilitate", "neutral"}:
        chosen -= {"facilitate", "neutral"}
    if not chosen:
        best = classes[int(p[RANGES[f"{who}_class"]].argmax())]
        chosen = {max((c for c in allowed if data.CLASS_OF_CODE[c] == best), key=probs.get)}
    return chosen


def slices(dev: list[Line]) -> dict[str, list[int]]:
    out = {}
    for origin in ("annomi", "physio"):
        for lang in ("en", "nl"):
            out[f"{origin} {lang}"] = [i for i, x in enumerate(dev) if x.origin == origin and x.lang == lang]
    return out


def coarse(p: np.ndarray, lines: list[Line], practitioner: bool) -> dict:
    at = [i for i, x in enumerate(lines) if x.practitioner == practitioner]
    classes = PRACTITIONER_CLASSES if practitioner else CLIENT_CLASSES
    head = RANGES["practitioner_class" if practitioner else "client_class"]
    gold = np.array([classes.index(lines[i].coarse) for i in at])
    found = p[at][:, head].argmax(1)
    groups = np.array([lines[i].group for i in at])
    score = lambda g, f: metrics.macro_f1(g, f, len(classes))  # noqa: E731
    low, high = metrics.interval(gold, found, groups, score)
    return {"n": len(at), "macro_f1": score(gold, found), "interval": [low, high]}


def reflex(p: np.ndarray, lines: list[Line], spec: dict) -> dict:
    at = [i for i, x in enumerate(lines) if x.practitioner]
    gold = np.array([lines[i].righting_reflex for i in at])
    score = p[at, REFLEX]
    out = {
        "n": len(at), "positive": int(gold.sum()), "average_precision": metrics.average_precision(gold, score),
        "precision_at_recall_0.6": metrics.precision_at_recall(gold, score, 0.6),
        "calibration_error": metrics.calibration_error(gold, score),
    }  # fmt: skip
    for name, t in spec["righting_reflex"].items():
        precision, recall, _ = metrics.precision_recall_f1(gold, score >= t)
        out[name] = {"precision": precision, "recall": recall, "marks": int((score >= t).sum())}
    return out


def false_marks_an_hour(p: np.ndarray, lines: list[Line], spec: dict) -> dict:
    """On conversations that their makers call sound MI: marks on practitioner's lines without such a code."""
    sound = [i for i, x in enumerate(lines) if x.quality in ("high", "mi")]
    hours = sum(len(lines[i].text.split()) for i in sound) / SOUND_WORDS_A_SECOND / 3600
    wrong = [i for i in sound if lines[i].practitioner and not lines[i].righting_reflex]
    return {
        "hours": hours,
        **{k: float(sum(p[i, REFLEX] >= t for i in wrong) / max(hours, 1e-9)) for k, t in spec["righting_reflex"].items()},
    }


def evaluate(exported, dev: list[Line]) -> dict:
    spec = exported.spec
    forms = {
        "as written": exported.probabilities([(x.lang, x.toks) for x in dev]),
        "no punctuation": exported.probabilities([(x.lang, train.bare(x.toks)) for x in dev]),
    }
    out: dict = {"slices": {}, "codes": {}}
    for form, p in forms.items():
        for name, at in slices(dev).items():
            lines, q = [dev[i] for i in at], p[at]
            asked = [i for i, x in enumerate(lines) if x.practitioner and x.open_question is not None]
            right = [(q[i, RANGES["open_question"].start] >= 0.5) == lines[i].open_question for i in asked]
            role = [(q[i, RANGES["role"].start] >= 0.5) == x.practitioner for i, x in enumerate(lines)]
            out["slices"][f"{name}, {form}"] = {
                "practitioner": coarse(q, lines, True), "client": coarse(q, lines, False),
                "open_accuracy": float(np.mean(right)), "open_n": len(right), "role_accuracy": float(np.mean(role)),
                "righting_reflex": reflex(q, lines, spec), "false_marks_an_hour": false_marks_an_hour(q, lines, spec),
            }  # fmt: skip
    p = forms["as written"]
    chosen = [decide(spec, x, p[i]) for i, x in enumerate(dev)]
    for lang in ("en", "nl"):
        for codes, practitioner in ((PRACTITIONER, True), (CLIENT, False)):
            at = [i for i, x in enumerate(dev) if x.lang == lang and x.practitioner == practitioner]
            for code in codes:
                gold = np.array([code in dev[i].codes for i in at])
                found = np.array([code in chosen[i] for i in at])
                precision, recall, f1 = metrics.precision_recall_f1(gold, found)
                out["codes"][f"{code} {lang}"] = {"n": int(gold.sum()), "precision": precision, "recall": recall, "f1": f1}
    return out


def summary(numbers: dict, spec: dict) -> str:
    rows = ["| conversations | practitioner macro-F1 (95 %) | client macro-F1 (95 %) | open or closed | role from text | "
            "reflex AP | P at R 0.6 | soft P / R | firm P / R | ECE | false marks an hour of sound talk, soft / firm |",
            "| --- " * 11 + "|"]  # fmt: skip
    for name, s in numbers["slices"].items():
        r, f = s["righting_reflex"], s["false_marks_an_hour"]
        spread = lambda c: f"{c['macro_f1']:.2f} ({c['interval'][0]:.2f}–{c['interval'][1]:.2f})"  # noqa: E731
        rows.append(
            f"| {name} | {spread(s['practitioner'])} | {spread(s['client'])} | {s['open_accuracy']:.2f} | {s['role_accuracy']:.2f} "
            f"| {r['average_precision']:.2f} ({r['positive']} of {r['n']}) | {r['precision_at_recall_0.6']:.2f} "
            f"| {r['soft']['precision']:.2f} / {r['soft']['recall']:.2f} | {r['firm']['precision']:.2f} / {r['firm']['recall']:.2f} "
            f"| {r['calibration_error']:.3f} | {f['soft']:.1f} / {f['firm']:.1f} |"
        )
    t = spec["righting_reflex"]
    return "\n".join([*rows, "", f"Thresholds of the righting reflex: soft {t['soft']}, firm {t['firm']}."])


def code_table(numbers: dict, spec: dict) -> str:
    rows = ["| code | threshold | English n | P | R | F1 | Dutch n | P | R | F1 |", "| --- " * 10 + "|"]
    for code in PRACTITIONER + CLIENT:
        cells = []
        for lang in ("en", "nl"):
            c = numbers["codes"][f"{code} {lang}"]
            cells.append(f"{c['n']} | {c['precision']:.2f} | {c['recall']:.2f} | {c['f1']:.2f}")
        family = "**" if code in RIGHTING_REFLEX else ""
        rows.append(f"| {family}`{code}`{family} | {spec['thresholds'][code]:.2f} | {' | '.join(cells)} |")
    return "\n".join(rows)


def write(path: Path, numbers: dict, spec: dict) -> None:
    """Replaces what stands between the markers `<!-- NAME -->` and `<!-- /NAME -->`."""
    card = path.read_text(encoding="utf-8")
    for name, made in (("scores", summary(numbers, spec)), ("codes", code_table(numbers, spec))):
        card, n = re.subn(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", lambda m: m[1] + made + "\n" + m[2], card, flags=re.S)
        if n != 1:
            raise SystemExit(f"{path}: no markers for {name}")
    path.write_text(card, encoding="utf-8")
