"""Reads the training data, splits it by source, and roughens it the way a speech recogniser does."""

import json
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path

import text

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


@dataclass
class Line:
    id: str
    group: str  # never split over two folds
    origin: str  # annomi, physio, written
    lang: str
    practitioner: bool
    text: str
    codes: list[str]
    coarse: str
    expert: bool  # whether `coarse` is an expert's
    open_question: bool | None = None
    quality: str = ""
    toks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.toks = text.tokens(self.text)

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
        coarse = expert.get("main" if practitioner else "client")
        coarse = "input" if coarse == "therapist_input" else coarse
        question = expert.get("question")
        for lang in ("en", "nl"):
            out.append(
                Line(f"{d['id']}-{lang}", d["source"], "annomi", lang, practitioner, d[lang], d["codes"],
                     coarse or CLASS_OF_CODE[d["codes"][0]], coarse is not None,
                     None if question is None else question == "open", d["quality"])
            )  # fmt: skip
    return out


def physio(folder: Path) -> list[Line]:
    out = []
    for path in sorted(folder.glob("*.tsv")):
        rows = path.read_text(encoding="utf-8").splitlines()
        style = rows[0].split("|")[3].strip()
        for row in rows[1:]:
            number, who, codes, said = row.split("\t")
            codes = codes.split(",")
            question = {"question_open": True, "question_closed": False}.get(codes[0])
            out.append(
                Line(f"{path.stem}-{number}", path.stem, "physio", path.stem[:2], who == "P", said, codes,
                     CLASS_OF_CODE[codes[0]], False, question, style)
            )  # fmt: skip
    return out


def load(shared: Path) -> tuple[list[Line], list[Line]]:
    """Training lines and evaluation lines; no source is in both."""
    written = physio(shared / "data" / "physio")
    train = annomi(shared / "data" / "annomi" / "train.jsonl") + [x for x in written if x.group not in PHYSIO_DEV]
    dev = annomi(shared / "data" / "annomi" / "dev.jsonl") + [x for x in written if x.group in PHYSIO_DEV]
    both = {x.group for x in train} & {x.group for x in dev}
    assert not both, f"sources in training and evaluation: {both}"
    return train, dev


# Shares per word of an utterance that is roughened; together they give the 5 to 15 % word errors of a small recogniser.
NOISE = (("drop", 0.25), ("merge", 0.15), ("split", 0.08), ("misspell", 0.40), ("other", 0.12))


def roughen(toks: list[str], rng: random.Random, rate: float, vocabulary: list[str], punctuation: bool) -> list[str]:
    """The tokens as a recogniser might give them: words dropped, merged, split, misspelt, replaced, marks lost."""
    out: list[str] = []
    merge = False
    for t in toks:
        if t == "?":
            if punctuation:
                out.append(t)
            continue
        if t == "#" or rng.random() >= rate:
            word = [t]
        else:
            kind = rng.choices([k for k, _ in NOISE], [w for _, w in NOISE])[0]
            if kind == "drop":
                continue
            word = [t]
            if kind == "other":
                word = [rng.choice(vocabulary)]
            elif kind == "split" and len(t) > 5:
                cut = rng.randrange(2, len(t) - 2)
                word = [t[:cut], t[cut:]]
            elif kind == "misspell" and len(t) > 2:
                word = [misspell(t, rng)]
            elif kind == "merge" and out:
                merge = True
        if merge and out and out[-1] not in "#?":
            out[-1] += word[0]
            out += word[1:]
        else:
            out += word
        merge = False
    return out or toks


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
