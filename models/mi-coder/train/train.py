"""Trains the linear model on all training lines, and once for each fold, for calibration and thresholds.

`python train.py SHARED WORK`: what is finished is found in WORK and not trained again.
"""

import argparse
import random
import time
import zlib
from pathlib import Path

import numpy as np
import scipy.sparse

import data
import supplement
import text
from data import CLIENT, CLIENT_CLASSES, PRACTITIONER, PRACTITIONER_CLASSES, Line
from model import OUTPUTS, RANGES, Linear, fit, unit_rows

SEED = 20261121
FOLDS = 3
# A feature counts when it occurs in so many sources: what one conversation alone says teaches nothing general.
MIN_SOURCES = 3
STRENGTH, STEPS = 2.0, 40
# Heads that learn from the same lines are fitted together, each group on its lines only.
GROUPS = (
    ("practitioner_codes", "practitioner_class", "open_question", "righting_reflex"),
    ("client_codes", "client_class"),
    ("role",),
)
ORIGIN_WEIGHT = {"annomi": 1.0, "physio": 2.0, "written": 0.5}
# Of the patterns in the righting-reflex head: they carry most of what it knows of everyday physiotherapy.
WRITTEN_REFLEX_WEIGHT = 1.0
# Letter groups are the many: at full weight they outvote the words (measured: practitioner macro-F1 0.68 instead of 0.71).
CHAR_WEIGHT = 0.5
GUESSED_CLASS_WEIGHT = 0.4  # of a class that follows from the code instead of an expert
NOISE_RATES = (0.0, 0.06, 0.12, 0.18)


def folds_of(lines: list[Line]) -> dict[str, int]:
    """Source → fold; each fold gets its share of each origin and of the righting reflex."""
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.group, []).append(line)
    order = sorted(groups)
    random.Random(SEED).shuffle(order)
    order.sort(key=lambda g: (groups[g][0].origin, groups[g][0].lang, -sum(x.righting_reflex for x in groups[g])))
    return {g: i % FOLDS for i, g in enumerate(order)}


def vocabulary_of(lines: list[Line]) -> np.ndarray:
    """Hashes of the features in at least MIN_SOURCES sources, sorted."""
    sources: dict[int, set[str]] = {}
    for line in lines:
        for h in text.hashes(line.lang, line.toks):
            seen = sources.setdefault(h, set())
            if len(seen) < MIN_SOURCES:
                seen.add(line.group)
    return np.array(sorted(h for h, seen in sources.items() if len(seen) >= MIN_SOURCES), dtype=np.uint32)


def rows_of(vocabulary: np.ndarray, lang: str, toks: list[str]) -> np.ndarray:
    hs = np.array(text.hashes(lang, toks), dtype=np.uint32)
    if hs.size == 0:
        return np.zeros(0, dtype=np.int64)
    at = np.searchsorted(vocabulary, hs)
    at[at == len(vocabulary)] = 0
    return (at[vocabulary[at] == hs] + 1).astype(np.int64)


def counts_of(vocabulary: np.ndarray, said: list[tuple[str, list[str]]]) -> scipy.sparse.csr_matrix:
    rows = [rows_of(vocabulary, lang, toks) for lang, toks in said]
    at = np.cumsum([0, *(len(r) for r in rows)])
    columns = np.concatenate([*rows, np.zeros(0, dtype=np.int64)])
    return scipy.sparse.csr_matrix(
        (np.ones(len(columns), dtype=np.float32), columns, at), shape=(len(rows), len(vocabulary) + 1)
    )


def char_rows(vocabulary: np.ndarray, lines: list[Line]) -> np.ndarray:
    """The rows of the table that belong to letter groups."""
    chars: set[int] = set()
    for line in lines:
        chars.update(zlib.crc32(f.encode()) for f in text.features(line.lang, line.toks) if f[2] == "c")
    return np.where(np.isin(vocabulary, np.array(sorted(chars), dtype=np.uint32)))[0] + 1


def bare(toks: list[str]) -> list[str]:
    """Without the one mark that survives: what a recogniser without punctuation gives."""
    return [t for t in toks if t != "?"] or toks


def targets(lines: list[Line]) -> tuple[np.ndarray, np.ndarray]:
    gold = np.zeros((len(lines), OUTPUTS), dtype=np.float32)
    weight = np.zeros_like(gold)
    for i, line in enumerate(lines):
        own = ORIGIN_WEIGHT[line.origin]
        who = "practitioner" if line.practitioner else "client"
        codes, classes = (PRACTITIONER, PRACTITIONER_CLASSES) if line.practitioner else (CLIENT, CLIENT_CLASSES)
        for c in line.codes:
            gold[i, RANGES[f"{who}_codes"].start + codes.index(c)] = 1
        weight[i, RANGES[f"{who}_codes"]] = own
        gold[i, RANGES[f"{who}_class"].start + classes.index(line.coarse)] = 1
        weight[i, RANGES[f"{who}_class"]] = own * (1.0 if line.expert else GUESSED_CLASS_WEIGHT)
        if line.open_question is not None:
            gold[i, RANGES["open_question"]] = line.open_question
            weight[i, RANGES["open_question"]] = own
        if line.practitioner:
            gold[i, RANGES["righting_reflex"]] = line.righting_reflex
            weight[i, RANGES["righting_reflex"]] = WRITTEN_REFLEX_WEIGHT if line.origin == "written" else own
        if line.origin != "written":  # all of these are the practitioner's: they would bend the role
            gold[i, RANGES["role"]] = line.practitioner
            weight[i, RANGES["role"]] = own
    return gold, weight


def balance_reflex(lines: list[Line], gold: np.ndarray, weight: np.ndarray) -> None:
    """Gives the reflex and its absence the same weight within each origin and language.

    A third of what practitioners say in the written conversations is a reflex, in AnnoMI a thirtieth: unbalanced, every
    word about backs and exercises counts as a sign of it (measured: average precision on AnnoMI 0.49 instead of 0.54).
    """
    k = RANGES["righting_reflex"].start
    origins = np.array([f"{x.origin} {x.lang}" for x in lines])
    for origin in set(origins):
        with_reflex = (origins == origin) & (gold[:, k] > 0)
        without = (origins == origin) & (gold[:, k] == 0)
        half = weight[origins == origin, k].sum() / 2
        weight[with_reflex, k] *= half / max(weight[with_reflex, k].sum(), 1e-6)
        weight[without, k] *= half / max(weight[without, k].sum(), 1e-6)


def train_on(lines: list[Line], seed: int) -> Linear:
    began = time.time()
    rng = random.Random(seed)
    vocabulary = vocabulary_of(lines)
    words = sorted({t for x in lines for t in x.toks if t not in "#?"})
    plain = counts_of(vocabulary, [(x.lang, x.toks) for x in lines])
    rough = counts_of(
        vocabulary, [(x.lang, data.roughen(bare(x.toks), rng, rng.choice(NOISE_RATES), words, False)) for x in lines]
    )
    seen = np.asarray((plain > 0).sum(0)).ravel()
    idf = np.log((1 + len(lines)) / (1 + seen)) + 1
    idf[0] = 0
    idf[char_rows(vocabulary, lines)] *= CHAR_WEIGHT
    gold, weight = targets(lines)
    balance_reflex(lines, gold, weight)
    both = unit_rows(scipy.sparse.vstack([plain, rough]).tocsr(), idf)
    gold, weight = np.tile(gold, (2, 1)), np.tile(weight, (2, 1)) / 2
    weights, bias = np.zeros((both.shape[1], OUTPUTS), dtype=np.float32), np.zeros(OUTPUTS, dtype=np.float32)
    for group in GROUPS:
        columns = np.concatenate([np.arange(RANGES[h].start, RANGES[h].stop) for h in group])
        rows = np.where(weight[:, columns].any(1))[0]
        weights[:, columns], bias[columns] = fit(
            both[rows], gold[np.ix_(rows, columns)], weight[np.ix_(rows, columns)], STRENGTH, STEPS
        )
    print(f"  {len(lines)} lines, {len(vocabulary)} features, {time.time() - began:.0f} s", flush=True)
    return Linear(vocabulary, idf.astype(np.float32), weights, bias)


def logits_of(model: Linear, lines: list[Line], variant=lambda toks: toks) -> np.ndarray:
    return model.logits(counts_of(model.vocabulary, [(x.lang, variant(x.toks)) for x in lines]))


def save(model: Linear, path: Path, **more: np.ndarray) -> None:
    part = path.with_suffix(".part.npz")
    np.savez(part, vocabulary=model.vocabulary, idf=model.idf, weights=model.weights, bias=model.bias, **more)
    part.rename(path)


def load(path: Path) -> Linear:
    z = np.load(path)
    return Linear(z["vocabulary"], z["idf"], z["weights"], z["bias"])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("shared")
    parser.add_argument("work", type=Path)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    train, dev = data.load(data.shared_root(args.shared))
    written = supplement.lines()
    print(f"{len(train)} lines to train on, {len(written)} written besides, {len(dev)} to evaluate on", flush=True)
    path = args.work / "final.npz"
    if path.exists():
        print("final model: there already", flush=True)
    else:
        print("final model", flush=True)
        save(train_on(train + written, SEED), path)
    fold = folds_of(train)
    for k in range(FOLDS):
        path = args.work / f"fold{k}.npz"
        if path.exists():
            print(f"fold {k}: there already", flush=True)
            continue
        print(f"fold {k}", flush=True)
        model = train_on([x for x in train if fold[x.group] != k] + written, SEED + k)
        held = [x for x in train if fold[x.group] == k]
        ids = np.array([x.id for x in held])
        save(model, path, ids=ids, plain=logits_of(model, held), bare=logits_of(model, held, bare))


if __name__ == "__main__":
    main()
