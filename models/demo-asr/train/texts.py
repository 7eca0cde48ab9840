"""Collects what is spoken: the shared conversations and the repository's roleplays, cut to utterances.

    python texts.py        → $GIDS_ASR_WORK/texts.jsonl (train), heldout.jsonl (never trained on)

One JSON object a line: `lang`, `text`, `kind` (`talk`, `practice`, `roleplay`,
`heldout`), `role` (P or C). Held out are whole practice conversations, chosen by number before anybody looked at them.
"""

from __future__ import annotations

import json
import random
import re

from common import LANGUAGES, REPO, fail, shared_dir, work_dir

HELD_OUT = {"nl33", "nl34", "nl35", "nl36", "en24", "en25", "en26"}
LONGEST_WORDS = 16
SEED = 11


def clean(text: str) -> str:
    """Plain spoken text: no stage directions, one kind of dash, quote and ellipsis."""
    text = re.sub(r"\[[^\]]*\]|\([^)]*\)", "", text)
    for a, b in (("…", "..."), ("—", " - "), ("–", " - "), ("’", "'"), ("‘", "'"), ("“", '"'), ("”", '"')):
        text = text.replace(a, b)
    text = re.sub(r"-{2,}", ", ", text)
    text = re.sub(r"\.{2,}", ".", text)
    text = re.sub(r"\s+", " ", text).strip(" -")
    return re.sub(r"\s+([,.?!])", r"\1", text)


def sentences(text: str) -> list[str]:
    return [s for s in re.split(r"(?<=[.?!])\s+", clean(text)) if re.search(r"\w", s)]


def utterances(text: str, rng: random.Random) -> list[str]:
    """Random cuts of 1–16 words at sentence ends; longer sentences are cut in two or more."""
    out, current = [], ""
    for sentence in sentences(text):
        parts = sentence.split()
        while len(parts) > LONGEST_WORDS:
            k = rng.randint(8, 15)
            out.append(" ".join(parts[:k]))
            parts = parts[k:]
        sentence = " ".join(parts)
        if not sentence:
            continue
        if current and len((current + " " + sentence).split()) <= rng.choice([6, 10, 16, 20]):
            current += " " + sentence
        else:
            if current:
                out.append(current)
            current = sentence
    return out + [current] if current else out


def roleplay_utterances(text: str) -> list[str]:
    """Every way a pause could cut a turn: single sentences, neighbours by two and three, clauses, the whole."""
    parts = sentences(text)
    out = list(parts)
    for size in (2, 3, len(parts)):
        out += [" ".join(parts[i : i + size]) for i in range(len(parts) - size + 1) if size > 1]
    for sentence in parts:
        clauses = [c.strip() for c in re.split(r"(?<=[,;:])\s+", sentence)]
        if len(clauses) > 1:
            out += [c for c in clauses if len(c.split()) > 1]
            out += [" ".join(clauses[i:]) for i in range(1, len(clauses))]
            out += [" ".join(clauses[:i]) for i in range(1, len(clauses))]
    seen: set[str] = set()
    return [u for u in out if len(u.split()) <= 45 and not (u in seen or seen.add(u))]


def annomi() -> list[dict]:
    rows = []
    for name in ("train", "dev"):
        with open(shared_dir() / f"data/annomi/{name}.jsonl") as f:
            for line in f:
                row = json.loads(line)
                role = "P" if row["speaker"] in ("practitioner", "therapist") else "C"
                rows += [{"lang": lang, "text": row[lang], "role": role} for lang in ("en", "nl")]
    return rows


def physio() -> tuple[list[dict], list[dict]]:
    """(to train on, held out)."""
    train, held = [], []
    for path in sorted((shared_dir() / "data/physio").glob("*.tsv")):
        for line in path.read_text().splitlines()[1:]:
            _, role, _, text = line.split("\t")
            row = {"lang": path.stem[:2], "text": text, "role": role, "conversation": path.stem}
            (held if path.stem in HELD_OUT else train).append(row)
    return train, held


def roleplays() -> list[dict]:
    """The turns of the bundled roleplays; the columns are those of assets/roleplays/README.md."""
    rows = []
    for path in sorted((REPO / "assets/roleplays").glob("*.tsv")):
        lang = None
        for line in path.read_text().splitlines():
            if line.startswith("#"):
                key, _, value = line[1:].partition(":")
                lang = value.strip() if key.strip() == "lang" else lang
                continue
            fields = line.split("\t")
            if lang not in LANGUAGES or len(fields) != 7:
                fail(f"{path}: no `# lang:` header or not seven columns; see assets/roleplays/README.md")
            rows.append({"lang": lang, "role": fields[1], "text": fields[6], "roleplay": path.stem})
    return rows


def main() -> None:
    rng = random.Random(SEED)
    train, held = physio()
    out = []
    for row in annomi() + train:
        out += [{"kind": "talk", "lang": row["lang"], "role": row["role"], "text": u} for u in utterances(row["text"], rng)]
    # The practice conversations once more, cut in other places: they are what the demo is about.
    other = random.Random(SEED + 1)
    for row in train:
        out += [{"kind": "practice", "lang": row["lang"], "role": row["role"], "text": u} for u in utterances(row["text"], other)]
    plays = roleplays()
    for row in plays:
        for u in roleplay_utterances(row["text"]):
            out.append({"kind": "roleplay", "lang": row["lang"], "role": row["role"], "text": u, "roleplay": row["roleplay"]})
    kept = [
        {"kind": "heldout", "lang": r["lang"], "role": r["role"], "conversation": r["conversation"], "text": s}
        for r in held
        for s in utterances(r["text"], rng)
    ]
    known = {r["text"] for r in out}
    kept = [r for r in kept if r["text"] not in known]
    for name, rows in (("texts", out), ("heldout", kept)):
        with open(work_dir() / f"{name}.jsonl", "w") as f:
            f.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
        print(f"{name}: {len(rows)} utterances, {sum(len(r['text'].split()) for r in rows)} words")
    print(f"roleplay turns: {len(plays)}")


if __name__ == "__main__":
    main()
