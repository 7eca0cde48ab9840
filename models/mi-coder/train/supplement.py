"""Plain sentences from patterns: righting-reflex acts of everyday practice as everybody says them, and their sound look-alikes.

The written conversations hold the subtle forms; these are the plain ones ("Je moet elke dag wandelen" beside "Je zou elke dag willen
wandelen"), so that the words of the subject alone decide nothing. For training only: no line of assets/eval or
assets/roleplays is among them (but the follow-up of the ruler, "Why a 6 and not a 4?", which can hardly be said otherwise), and no figure
of the model card is measured on them. The patterns were written after a look at which kinds of lines in the roleplays a first model confused.
"""

import itertools
import json
import random
from pathlib import Path

from data import PRACTITIONER, RIGHTING_REFLEX, Line, coded

SEED = 7
PER_PATTERN = 5
# A pattern without slots comes so often, so that it weighs as much as one with: many plain reproaches have none.
PLAIN_COPIES = 3

PATTERN_FILES = Path(__file__).with_name("patterns")
SLOTS: dict[str, dict[str, list[str]]] = json.loads((PATTERN_FILES / "slots.json").read_text(encoding="utf-8"))
PATTERNS = {lang: (PATTERN_FILES / f"{lang}.txt").read_text(encoding="utf-8").splitlines()[1:] for lang in ("nl", "en")}

POLITE = {"je": "u", "Je": "U", "jij": "u", "Jij": "U", "jou": "u", "jouw": "uw", "jezelf": "uzelf"}
OWNED = "tabletten schoenen agenda telefoon dagen lijf werk pensioen kleinkind kleinkinderen heup klachten auto".split()
# Verbs that stand before "u" and take a -t there.
BEFORE_U = {v: f"{v}t" for v in "Vind hoef Blijf Doe kom raak beland val word haal krijg heb Heb".split()} | {
    "ga": "gaat", "Ga": "Gaat", "sta": "staat"}  # fmt: skip


def polite(sentence: str) -> str:
    """Dutch with "u" for "je". Possessive "je" becomes "uw" before the nouns that the slots use."""
    slots = SLOTS["nl"]
    nouns = {n.split()[1] for n in slots["who"] + slots["good"] + slots["body"]} | set(OWNED)
    words = sentence.split(" ")
    out = []
    for i, word in enumerate(words):
        after = words[i + 1].strip(".,?") if i + 1 < len(words) else ""
        core = word.strip(".,?:")
        if core.lower() == "je" and after in nouns:
            out.append(word.replace("je", "uw").replace("Je", "Uw"))
        else:
            out.append(word.replace(core, POLITE[core]) if core in POLITE else word)
    said = " ".join(out)
    for plain, formal in BEFORE_U.items():
        said = said.replace(f"{plain} u ", f"{formal} u ")
    return said


# English as it is dictated or spelt out; recognisers write either.
CONTRACTIONS = (("won't", "will not"), ("can't", "can not"), ("n't", " not"), ("'ll", " will"), ("'re", " are"), ("'ve", " have"),
                ("I'm", "I am"), ("'d ", " would "), ("hat's", "hat is"), ("It's", "It is"), ("it's", "it is"), ("Let's", "Let us"))  # fmt: skip
PAIRS_PER_CODE = 10


def spelt_out(sentence: str) -> str:
    for short, long in CONTRACTIONS:
        sentence = sentence.replace(short, long)
    return sentence


def made(id: str, group: str, lang: str, codes: list[str], said: str) -> Line:
    return coded(id, id, group, group, "pattern", lang, "P", ",".join(codes), said, "")


def pairs(singles: list[Line], rng: random.Random) -> list[Line]:
    """Two sentences in one utterance: of the same code, of two sound codes, and a sound one before a reflex."""
    out: list[Line] = []
    for lang in PATTERNS:
        own = [x for x in singles if x.lang == lang and x.codes[0] not in ("facilitate", "summary", "question_scale")]
        for code in PRACTITIONER:
            first = [x for x in own if x.codes[0] == code]
            for k in range(PAIRS_PER_CODE if first else 0):
                a = rng.choice(first)
                if k % 2:
                    b = rng.choice(first)
                else:
                    b = rng.choice([x for x in own if a.righting_reflex or not x.righting_reflex])
                    a, b = (b, a) if a.righting_reflex and not b.righting_reflex else (a, b)
                codes = list(dict.fromkeys(a.codes + b.codes))
                codes.sort(key=lambda c: c not in RIGHTING_REFLEX)
                out.append(made(f"pattern-{lang}-{code}-pair{k}", f"pattern-{lang}-{code}-pair{k}", lang, codes, f"{a.text} {b.text}"))
    return out


def lines() -> list[Line]:
    rng = random.Random(SEED)
    out: list[Line] = []
    for lang, patterns in PATTERNS.items():
        for number, row in enumerate(patterns):
            codes, pattern = row.split("|", 1)
            codes = codes.split(",")
            names = [n for n in SLOTS[lang] if "{" + n + "}" in pattern]
            combos = list(itertools.product(*(SLOTS[lang][n] for n in names)))
            chosen = rng.sample(combos, min(PER_PATTERN, len(combos))) if names else combos * PLAIN_COPIES
            for k, combo in enumerate(chosen):
                said = pattern
                for name, value in zip(names, combo):
                    said = said.replace("{" + name + "}", value)
                said = said[0].upper() + said[1:]
                if lang == "nl" and rng.random() < 0.4:
                    said = polite(said)
                if lang == "en" and rng.random() < 0.5:
                    said = spelt_out(said)
                assert set(codes) <= set(PRACTITIONER), row
                out.append(made(f"pattern-{lang}-{number}-{k}", f"pattern-{lang}-{number}", lang, codes, said))
    return out + pairs(out, rng)


if __name__ == "__main__":
    for line in lines():
        print(line.lang, ",".join(line.codes), line.text)
