"""Scores, without a library: each is a few lines, and the card says exactly what was computed."""

import numpy as np


def average_precision(gold: np.ndarray, score: np.ndarray) -> float:
    hit = gold[np.argsort(-score, kind="stable")].astype(float)
    return float((np.cumsum(hit) / np.arange(1, len(hit) + 1) * hit).sum() / max(1.0, hit.sum()))


def precision_recall_f1(gold: np.ndarray, found: np.ndarray) -> tuple[float, float, float]:
    hits = float((gold & found).sum())
    precision, recall = hits / max(1, found.sum()), hits / max(1, gold.sum())
    return precision, recall, 2 * hits / max(1, gold.sum() + found.sum())


def macro_f1(gold: np.ndarray, found: np.ndarray, classes: int) -> float:
    return float(np.mean([precision_recall_f1(gold == c, found == c)[2] for c in range(classes)]))


def calibration_error(gold: np.ndarray, p: np.ndarray, bins: int = 10) -> float:
    at = np.minimum((p * bins).astype(int), bins - 1)
    return float(sum((at == b).mean() * abs(gold[at == b].mean() - p[at == b].mean()) for b in range(bins) if (at == b).any()))


def precision_at_recall(gold: np.ndarray, score: np.ndarray, recall: float) -> float:
    hit = gold[np.argsort(-score, kind="stable")].astype(float)
    n = int(np.searchsorted(np.cumsum(hit), np.ceil(recall * hit.sum()))) + 1
    return float(hit[:n].mean())


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def interval(gold: np.ndarray, found: np.ndarray, groups: np.ndarray, score, rounds: int = 300) -> tuple[float, float]:
    """95 % interval by drawing whole conversations again and again."""
    rng = np.random.default_rng(1)
    names = sorted(set(groups))
    members = {g: np.where(groups == g)[0] for g in names}
    values = []
    for _ in range(rounds):
        at = np.concatenate([members[names[i]] for i in rng.integers(0, len(names), len(names))])
        values.append(score(gold[at], found[at]))
    return float(np.percentile(values, 2.5)), float(np.percentile(values, 97.5))
