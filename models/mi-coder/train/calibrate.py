"""From out-of-fold logits to probabilities and decisions."""

import numpy as np
import scipy.optimize

from data import CLIENT, CLIENT_CLASSES, PRACTITIONER, PRACTITIONER_CLASSES, Line
from metrics import macro_f1, precision_recall_f1, sigmoid
from model import HEADS, OUTPUTS, RANGES
from train import targets

SOFT_PRECISION, FIRM_PRECISION = 0.70, 0.85
# Below this a threshold only fits the noise of a rare code; above it a code is hardly ever given.
THRESHOLD_RANGE = (0.15, 0.60)


def platt(z: np.ndarray, gold: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Scale and shift of one label, pulled a little towards scale 1: rare codes have few lines to learn it from."""

    def value(t):
        margin = (2 * gold - 1) * (z * t[0] + t[1])
        return float((weight * np.logaddexp(0, -margin)).sum()) + 2.0 * (t[0] - 1) ** 2

    found = scipy.optimize.minimize(value, np.array([1.0, -1.0]), method="Nelder-Mead")
    return max(0.05, float(found.x[0])), float(found.x[1])


def class_shifts(z: np.ndarray, gold: np.ndarray) -> tuple[float, np.ndarray]:
    """Shifts that give the best macro-F1, by trying one class after the other; then the temperature."""
    n = z.shape[1]
    shift = np.zeros(n)
    for _ in range(3):
        for c in range(n):
            tried = np.linspace(-1.0, 1.0, 41)
            scores = []
            for s in tried:
                shift[c] = s
                scores.append(macro_f1(gold, (z + shift).argmax(1), n))
            # The middle of the best stretch, not its luckiest point.
            smooth = np.convolve(np.pad(scores, 2, mode="edge"), np.ones(5) / 5, mode="valid")
            shift[c] = tried[int(smooth.argmax())]

    def value(scale):
        p = (z + shift) * scale
        return float((np.log(np.exp(p - p.max(1, keepdims=True)).sum(1)) + p.max(1) - p[np.arange(len(p)), gold]).mean())

    scale = float(scipy.optimize.minimize_scalar(value, bounds=(0.2, 5.0), method="bounded").x)
    return scale, shift * scale


def calibration(lines: list[Line], z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale and shift of every output. `z` are logits of models that did not see the lines."""
    gold, weight = targets(lines)
    scale, shift = np.ones(OUTPUTS), np.zeros(OUTPUTS)
    expert = np.array([x.expert for x in lines])
    for name, labels, activation in HEADS:
        at = RANGES[name]
        if activation == "softmax":
            rows = expert & (weight[:, at.start] > 0)
            s, b = class_shifts(z[rows][:, at], gold[rows][:, at].argmax(1))
            scale[at], shift[at] = s, b
            continue
        for k in range(at.start, at.stop):
            rows = weight[:, k] > 0
            scale[k], shift[k] = platt(z[rows, k], gold[rows, k], weight[rows, k])
    return scale, shift


def code_thresholds(lines: list[Line], p: np.ndarray) -> dict[str, float]:
    """The probability from which a code is given, for the best F1."""
    out = {}
    gold, weight = targets(lines)
    for head, codes in (("practitioner_codes", PRACTITIONER), ("client_codes", CLIENT)):
        for i, code in enumerate(codes):
            k = RANGES[head].start + i
            rows = weight[:, k] > 0
            tried = np.linspace(*THRESHOLD_RANGE, 46)
            scores = [precision_recall_f1(gold[rows, k] > 0, p[rows, k] >= t)[2] for t in tried]
            smooth = np.convolve(np.pad(scores, 3, mode="edge"), np.ones(7) / 7, mode="valid")
            out[code] = round(float(tried[int(smooth.argmax())]), 3)
    return out


def reflex_thresholds(gold: np.ndarray, p: np.ndarray) -> dict[str, float]:
    """The lowest probabilities from which on precision holds, also at every higher one with enough lines.

    Chosen on the evaluation conversations: the models of the folds saw a third fewer reflexes than the final one, and
    they are less sure of everything.
    """
    out = {}
    for name, wanted in (("soft", SOFT_PRECISION), ("firm", FIRM_PRECISION)):
        chosen = 0.95
        for t in np.linspace(0.95, 0.15, 161):
            found = p >= t
            if found.sum() >= 20 and gold[found].mean() < wanted:
                break
            chosen = t
        out[name] = round(float(chosen), 3)
    return out


def probabilities(z: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Of every output; softmax heads sum to one."""
    out = z * scale + shift
    for name, _, activation in HEADS:
        at = RANGES[name]
        if activation == "softmax":
            e = np.exp(out[:, at] - out[:, at].max(1, keepdims=True))
            out[:, at] = e / e.sum(1, keepdims=True)
        else:
            out[:, at] = sigmoid(out[:, at])
    return out


assert len(PRACTITIONER_CLASSES) == 4 and len(CLIENT_CLASSES) == 3
