"""Reads the training data, splits it by source, and roughens it the way a speech recogniser does."""

import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path

PRACTITIONER = (
    "question_open question_closed question_scale reflection_simple reflection_complex summary affirm autonomy "
    "seek_permission give_info advise_permission advise persuade warn confront reassure facilitate structure"
).split()
CLIENT = (
    "change_desire change_ability change_reason change_need change_commit sustain discord client_question neutral"
).split()
RIGHTING_REFLEX = {"advise", "persuade", "warn", "confront", "reassure"}
PRACTITIONER_CLASSES = ["question", "reflection", "input", "other"]
CLIENT_CLASSES = ["change", "neutral", "sustain"]
# Where no expert coded, the class follows from the main code, by the majority in the expert-coded data.
CLASS_OF_CODE = {
    **{c: "question" for c in ("question_open", "question_closed", "question_scale", "seek_permission")},
    **{c: "reflection" for c in ("reflection_simple", "reflection_complex", "summary", "affirm")},
    **{c: "input" for c in ("give_info", "advise_permission", "autonomy", *RIGHTING_REFLEX)},
    **{c: "other" for c in ("facilitate", "structure")},
    **{c: "change" for c in CLIENT if c.startswith("change_")},
    "sustain": "sustain",
    **{c: "neutral" for c in ("discord", "client_question", "neutral")},
}
# Practice conversations kept for evaluation: every style (righting_reflex, mi, turnaround, mixed) is among them.
PHYSIO_DEV = {"nl06", "nl08", "nl17", "nl23", "nl25", "nl32", "en03", "en05", "en14", "en20", "en24"}
WRITTEN = Path(__file__).with_name("written")


@dataclass
class Line:
    id: str
    pair: str  # lines that say the same in the two languages share it
    conversation: str
    group: str  # never split over two folds
    origin: str  # annomi, physio, written
    lang: str
    practitioner: bool
    text: str
    codes: list[str]
    coarse: str
    expert: bool  # whether `coarse` is an expert's
    votes: dict[str, float]  # share of the annotators for each class, where several coded
    open_question: bool | None
    quality: str

    @property
    def righting_reflex(self) -> bool:
        return bool(RIGHTING_REFLEX & set(self.codes))


def shared_root(argument: str) -> Path:
    root = Path(argument)
    if not (root / "data" / "annomi" / "train.jsonl").is_file():
        sys.exit(
            f"no training data at {root.resolve()}: expected data/annomi/train.jsonl and data/physio/*.tsv there.\n"
            "Give the folder as the argument of train.sh or in GIDS_SHARED. The data are not part of the project "
            "(models/mi-coder/README.md says why); the trained model is."
        )
    return root


def annomi(path: Path) -> list[Line]:
    out = []
    for raw in path.open(encoding="utf-8"):
        d = json.loads(raw)
        practitioner = d["speaker"] == "practitioner"
        expert = d["expert"] or {}
        rename = {"therapist_input": "input"}
        coarse = expert.get("main" if practitioner else "client")
        counts = (d.get("votes") or {}).get("main_therapist_behaviour" if practitioner else "client_talk_type") or {}
        known = PRACTITIONER_CLASSES if practitioner else CLIENT_CLASSES
        counts = {rename.get(k, k): n for k, n in counts.items() if rename.get(k, k) in known}
        question = expert.get("question")
        for lang in ("en", "nl"):
            out.append(
                Line(f"{d['id']}-{lang}", d["id"], f"{d['conversation']}-{lang}", d["source"], "annomi", lang, practitioner,
                     d[lang], d["codes"], rename.get(coarse, coarse) or CLASS_OF_CODE[d["codes"][0]], coarse is not None,
                     {k: n / sum(counts.values()) for k, n in counts.items()},
                     None if question is None else question == "open", d["quality"])
            )  # fmt: skip
    return out


def coded(
    id: str, pair: str, conversation: str, group: str, origin: str, lang: str, who: str, codes: str, said: str, quality: str
) -> Line:
    """A line that its writer coded: the class follows from the main code."""
    listed = codes.split(",")
    question = {"question_open": True, "question_closed": False}.get(listed[0])
    return Line(id, pair, conversation, group, origin, lang, who == "P", said, listed, CLASS_OF_CODE[listed[0]], False, {},
                question, quality)  # fmt: skip


def physio(folder: Path) -> list[Line]:
    out = []
    for path in sorted(folder.glob("*.tsv")):
        rows = path.read_text(encoding="utf-8").splitlines()
        style = rows[0].split("|")[3].strip()
        name = path.stem
        for row in rows[1:]:
            number, who, codes, said = row.split("\t")
            at = f"{name}-{number}"
            out.append(coded(at, at, name, name, "physio", name[:2], who, codes, said, style))
    return out


def written() -> list[Line]:
    """Conversations written for this project, each line in both languages. For training only."""
    out = []
    for path in sorted(WRITTEN.glob("*.tsv")):
        conversation, quality, number = path.stem, "", 0
        for row in path.read_text(encoding="utf-8").splitlines():
            if row.startswith("#"):
                about = dict(part.split("=", 1) for part in row[1:].split() if "=" in part)
                conversation, quality, number = about["id"], about.get("quality", ""), 0
            elif row:
                who, codes, en, nl = row.split("\t")
                number += 1
                pair = f"written-{conversation}-{number}"
                for lang, said in (("en", en), ("nl", nl)):
                    out.append(coded(f"{pair}-{lang}", pair, f"{conversation}-{lang}", f"written-{conversation}", "written",
                                     lang, who, codes, said, quality))  # fmt: skip
    return out


def load(shared: Path) -> tuple[list[Line], list[Line]]:
    """Training lines and evaluation lines; no source is in both."""
    practice = physio(shared / "data" / "physio")
    train = annomi(shared / "data" / "annomi" / "train.jsonl") + [x for x in practice if x.group not in PHYSIO_DEV]
    dev = annomi(shared / "data" / "annomi" / "dev.jsonl") + [x for x in practice if x.group in PHYSIO_DEV]
    both = {x.group for x in train} & {x.group for x in dev}
    assert not both, f"sources in training and evaluation: {both}"
    return train + written(), dev


MARKS = str.maketrans({c: " " for c in ".,;:!?\"…–—()*/"})


def bare(said: str) -> str:
    """As a recogniser without punctuation gives it: lower case, no marks."""
    kept = said.lower().translate(MARKS).replace(" -", " ").replace("- ", " ")
    return " ".join(kept.split()).strip("-") or said


# Shares per word of an utterance that is roughened; together they give the 5 to 15 % word errors of a small recogniser.
NOISE = (("drop", 0.30), ("merge", 0.20), ("split", 0.10), ("misspell", 0.25), ("other", 0.15))


def roughen(said: str, rng: random.Random, rate: float, vocabulary: list[str]) -> str:
    """The words as a recogniser might give them: dropped, merged, split, misspelt, replaced."""
    out: list[str] = []
    for word in said.split():
        if rng.random() >= rate:
            out.append(word)
            continue
        kind = rng.choices([k for k, _ in NOISE], [w for _, w in NOISE])[0]
        if kind == "drop":
            continue
        if kind == "other":
            out.append(rng.choice(vocabulary))
        elif kind == "split" and len(word) > 5:
            cut = rng.randrange(2, len(word) - 2)
            out += [word[:cut], word[cut:]]
        elif kind == "misspell" and len(word) > 2:
            out.append(misspell(word, rng))
        elif kind == "merge" and out:
            out[-1] += word
        else:
            out.append(word)
    return " ".join(out) or said


def misspell(word: str, rng: random.Random) -> str:
    i = rng.randrange(len(word))
    kind = rng.randrange(4)
    if kind == 0:
        return word[:i] + word[i + 1 :]
    if kind == 1:
        return word[:i] + word[i] + word[i:]
    pool = "aeiou" if word[i] in "aeiou" else "bdfgklmnprstvz"
    if kind == 2:
        return word[:i] + rng.choice(pool) + word[i + 1 :]
    return word[: max(0, i - 1)] + word[max(0, i - 1) : i + 1][::-1] + word[i + 1 :]
