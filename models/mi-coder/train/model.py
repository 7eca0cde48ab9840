"""The model: one weighted sum of features for each label, all labels fitted at once.

Of an utterance with the features F (each once): z_k = sum_F idf_f W_fk / sqrt(sum_F idf_f^2) + b_k, which is logistic
regression over TF-IDF vectors of length one. Published work finds it within 0.06 to 0.1 macro-F1 of a fine-tuned
RoBERTa on AnnoMI, and a trained embedding bag of the same size did worse here (README.md, "What was tried").
"""

from dataclasses import dataclass

import numpy as np
import scipy.optimize
import scipy.sparse

from data import CLIENT, CLIENT_CLASSES, PRACTITIONER, PRACTITIONER_CLASSES

# Name, labels, how its logits become probabilities. The order is that of the output tensor.
HEADS = (
    ("practitioner_codes", PRACTITIONER, "sigmoid"),
    ("client_codes", CLIENT, "sigmoid"),
    ("practitioner_class", PRACTITIONER_CLASSES, "softmax"),
    ("client_class", CLIENT_CLASSES, "softmax"),
    ("open_question", ["open"], "sigmoid"),
    ("righting_reflex", ["righting_reflex"], "sigmoid"),
    ("role", ["practitioner"], "sigmoid"),
)


def head_ranges() -> dict[str, slice]:
    out, start = {}, 0
    for name, labels, _ in HEADS:
        out[name] = slice(start, start + len(labels))
        start += len(labels)
    return out


RANGES = head_ranges()
OUTPUTS = sum(len(labels) for _, labels, _ in HEADS)


@dataclass
class Linear:
    vocabulary: np.ndarray  # sorted uint32 hashes; row of a feature = place + 1, row 0 = padding
    idf: np.ndarray  # [V + 1]
    weights: np.ndarray  # [V + 1, OUTPUTS]
    bias: np.ndarray  # [OUTPUTS]

    def table(self) -> np.ndarray:
        """[V + 1, OUTPUTS + 1] in half precision, as exported: idf times weights, then idf squared."""
        return np.concatenate([self.weights * self.idf[:, None], (self.idf**2)[:, None]], 1).astype(np.float16)

    def logits(self, counts: scipy.sparse.csr_matrix) -> np.ndarray:
        summed = counts @ self.table().astype(np.float32)
        return summed[:, :-1] / np.sqrt(np.maximum(summed[:, -1:], 1e-6)) + self.bias


def unit_rows(counts: scipy.sparse.csr_matrix, idf: np.ndarray) -> scipy.sparse.csr_matrix:
    x = counts.multiply(idf[None, :]).tocsr().astype(np.float32)
    norm = np.sqrt(np.asarray(x.multiply(x).sum(1)).ravel())
    return scipy.sparse.diags(1.0 / np.maximum(norm, 1e-6)).dot(x).tocsr().astype(np.float32)


def fit(x: scipy.sparse.csr_matrix, gold: np.ndarray, weight: np.ndarray, strength: float, steps: int):
    """Weights and biases. `gold` and `weight` are [N, OUTPUTS]; weight 0 where a label does not apply.

    Positive and negative lines of a label weigh the same in all, so that rare codes are learnt; calibration undoes the
    shift. `strength` is the C of logistic regression: how much fit counts against small weights.
    """
    n, v = x.shape
    w = weight.astype(np.float32).copy()
    for k in range(gold.shape[1]):
        total, positive = w[:, k].sum(), (w[:, k] * gold[:, k]).sum()
        w[:, k] *= np.where(gold[:, k] > 0, total / (2 * max(positive, 1e-6)), total / (2 * max(total - positive, 1e-6)))
    sign = (2 * gold - 1).astype(np.float32)
    transposed = x.T.tocsr()

    def value(theta: np.ndarray):
        theta = theta.astype(np.float32).reshape(v + 1, -1)
        margin = sign * (x @ theta[:v] + theta[v])
        loss = strength * float((w * np.logaddexp(0, -margin)).sum(dtype=np.float64))
        slope = -strength * w * sign / (1 + np.exp(margin))
        gradient = np.empty_like(theta)
        gradient[:v] = transposed @ slope + theta[:v]
        gradient[v] = slope.sum(0)
        return loss + 0.5 * float((theta[:v].astype(np.float64) ** 2).sum()), gradient.ravel().astype(np.float64)

    start = np.zeros((v + 1) * gold.shape[1])
    found = scipy.optimize.minimize(value, start, jac=True, method="L-BFGS-B", options={"maxiter": steps, "maxcor": 6})
    theta = found.x.astype(np.float32).reshape(v + 1, -1)
    return theta[:v], theta[v]
