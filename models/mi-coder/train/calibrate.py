"""From logits of lines that training did not see to probabilities and decisions."""

import numpy as np
import scipy.optimize

from data import CLIENT, CLIENT_CLASSES, PRACTITIONER, PRACTITIONER_CLASSES, Line
from encoder import HEADS, OUTPUTS, RANGES
from metrics import precision_recall_f1, sigmoid

# What marks must be worth: the least share of right ones, the most false ones in an hour of sound talk.
WANTED = {"soft": (0.80, 4.0), "firm": (0.90, 2.0)}
SOUND = ("high", "mi")
WORDS_A_SECOND = 3.0  # as `gids coach` assumes where there are no times
FEWEST_MARKS = 20
# Below this a threshold only fits the noise of a rare code; above it a code is hardly ever given.
THRESHOLD_RANGE = (0.15, 0.60)
REFLEX = RANGES["righting_reflex"].start
# How much the experts' opinion counts where open and closed questions are told apart; the rest is the codes'.
EXPERTS_SHARE = 0.75


def gold_of(lines: list[Line]) -> tuple[np.ndarray, np.ndarray]:
    """What each output should say, and where it is asked."""
    gold, asked = np.zeros((len(lines), OUTPUTS), dtype=bool), np.zeros((len(lines), OUTPUTS), dtype=bool)
    for i, line in enumerate(lines):
        who = "practitioner" if line.practitioner else "client"
        codes, classes = (PRACTITIONER, PRACTITIONER_CLASSES) if line.practitioner else (CLIENT, CLIENT_CLASSES)
        for c in line.codes:
            gold[i, RANGES[f"{who}_codes"].start + codes.index(c)] = True
        asked[i, RANGES[f"{who}_codes"]] = True
        gold[i, RANGES[f"{who}_class"].start + classes.index(line.coarse)] = True
        asked[i, RANGES[f"{who}_class"]] = True
        if line.open_question is not None:
            gold[i, RANGES["open_question"]] = line.open_question
            asked[i, RANGES["open_question"]] = True
        gold[i, REFLEX] = line.righting_reflex
        asked[i, REFLEX] = line.practitioner
        gold[i, RANGES["role"]] = line.practitioner
        asked[i, RANGES["role"]] = True
    return gold, asked


# How much the encoder and the n-grams count where few lines say otherwise.
PRIOR = np.array([0.7, 0.4])


def platt(z: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """Scales of the two opinions (`z` is [N, 2]) and shift of one label, pulled a little towards PRIOR and 0: rare codes have few
    lines to learn them from."""

    def value(t):
        margin = (2.0 * gold - 1) * (z @ t[:2] + t[2])
        return float(np.logaddexp(0, -margin).sum()) + 4.0 * float(((t[:2] - PRIOR) ** 2).sum()) + 0.1 * t[2] ** 2

    found = scipy.optimize.minimize(value, np.array([*PRIOR, 0.0]), method="Nelder-Mead", options={"maxiter": 600}).x
    return np.array([max(0.02, found[0]), max(0.0, found[1]), found[2]])


def mixture(z: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """Scales of the two opinions (`z` is [N, 2, C]) of a softmax head. No shifts: training made the rare classes louder for the sake of
    macro-F1, and a shift would undo it."""

    def value(t):
        p = np.tensordot(z, t, axes=(1, 0))
        top = p.max(1)
        loss = np.log(np.exp(p - top[:, None]).sum(1)) + top - p[np.arange(len(p)), gold]
        return float(loss.sum()) + 4.0 * float(((t - PRIOR) ** 2).sum())

    return np.maximum(scipy.optimize.minimize(value, PRIOR, method="Nelder-Mead").x, [0.02, 0.0])


def calibration(lines: list[Line], z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scales [2, K] and shifts [K] of every output; `z` is [N, 2, K]: the encoder's logits and the n-grams'."""
    gold, asked = gold_of(lines)
    scale, shift = np.ones((2, OUTPUTS)), np.zeros(OUTPUTS)
    for name, _, activation in HEADS:
        at = RANGES[name]
        if activation == "softmax":
            rows = asked[:, at.start]
            scale[:, at] = mixture(z[rows][:, :, at], gold[rows][:, at].argmax(1))[:, None]
            continue
        for k in range(at.start, at.stop):
            found = platt(z[asked[:, k], :, k], gold[asked[:, k], k])
            scale[:, k], shift[k] = found[:2], found[2]
    return scale, shift


def probabilities(z: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Of every output; softmax heads sum to one. Open and closed questions are told apart by the codes' opinion and the experts'.

    `crates/coding/src/spec.rs` does the same.
    """
    out = (z * scale).sum(1) + shift
    for name, _, activation in HEADS:
        at = RANGES[name]
        if activation == "softmax":
            e = np.exp(out[:, at] - out[:, at].max(1, keepdims=True))
            out[:, at] = e / e.sum(1, keepdims=True)
        else:
            out[:, at] = sigmoid(out[:, at])
    first = RANGES["practitioner_codes"].start
    is_open, is_closed = (first + PRACTITIONER.index(c) for c in ("question_open", "question_closed"))
    both = out[:, is_open] + out[:, is_closed]
    by_codes = out[:, is_open] / np.maximum(both, 1e-6)
    share = (1 - EXPERTS_SHARE) * by_codes + EXPERTS_SHARE * out[:, RANGES["open_question"].start]
    out[:, is_open], out[:, is_closed] = np.minimum(both, 1.0) * share, np.minimum(both, 1.0) * (1 - share)
    return out


def code_thresholds(lines: list[Line], p: np.ndarray) -> dict[str, float]:
    """The probability from which a code is given, for the best F1."""
    out = {}
    gold, asked = gold_of(lines)
    for head, codes in (("practitioner_codes", PRACTITIONER), ("client_codes", CLIENT)):
        for i, code in enumerate(codes):
            k = RANGES[head].start + i
            rows = asked[:, k]
            tried = np.linspace(*THRESHOLD_RANGE, 46)
            scores = [precision_recall_f1(gold[rows, k], p[rows, k] >= t)[2] for t in tried]
            # The middle of the best stretch, not its luckiest point.
            smooth = np.convolve(np.pad(scores, 5, mode="edge"), np.ones(11) / 11, mode="valid")
            out[code] = round(float(tried[int(smooth.argmax())]), 3)
    return out


def sound_lines(lines: list[Line]) -> tuple[np.ndarray, float]:
    """Where a mark would be false, of conversations that their makers call sound, and how many hours these last."""
    sound = np.array([x.quality in SOUND for x in lines])
    wrong = sound & np.array([x.practitioner and not x.righting_reflex for x in lines])
    words = sum(len(x.text.split()) for x, here in zip(lines, sound, strict=True) if here)
    return wrong, words / WORDS_A_SECOND / 3600


def reflex_thresholds(lines: list[Line], p: np.ndarray) -> dict[str, float]:
    """The lowest probabilities from which on precision and rest hold, also at every higher one with enough lines."""
    said = np.array([x.practitioner for x in lines])
    gold = np.array([x.righting_reflex for x in lines])
    wrong, hours = sound_lines(lines)
    out = {}
    for name, (precision, per_hour) in WANTED.items():
        chosen = 0.95
        for t in np.linspace(0.95, 0.15, 161):
            found = said & (p >= t)
            enough = found.sum() >= FEWEST_MARKS
            if enough and gold[found].mean() < precision or (found & wrong).sum() > per_hour * hours:
                break
            chosen = t
        out[name] = round(float(chosen), 3)
    return out


def settings(lines: list[Line], z: np.ndarray) -> dict:
    """Calibration and thresholds from these lines; `z` is [N, 2, K]."""
    scale, shift = calibration(lines, z)
    p = probabilities(z, scale, shift)
    return {
        "scale": scale, "shift": shift, "thresholds": code_thresholds(lines, p),
        "righting_reflex": reflex_thresholds(lines, p[:, REFLEX]),
    }  # fmt: skip
