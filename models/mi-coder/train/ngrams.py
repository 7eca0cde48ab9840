"""The second opinion: logistic regression over hashed words, word pairs and triples and letter groups.

Of an utterance with the features F (each once): z_k = sum_F idf_f W_fk / sqrt(sum_F idf_f^2) + b_k. It knows nothing of meaning, and so
errs elsewhere than the encoder: together they are better than either (README.md, "What was tried").
"""

import random
import time
import zlib
from dataclasses import dataclass

import numpy as np
import onnx
import scipy.optimize
import scipy.sparse
from onnx import TensorProto, helper, numpy_helper

import data
import text
from data import Line
from encoder import OUTPUTS, RANGES

# A feature counts when it occurs in so many sources: what one conversation alone says teaches nothing general.
MIN_SOURCES = 5
STRENGTH, STEPS = 2.0, 40
# Heads that learn from the same lines are fitted together, each group on its lines only.
GROUPS = (
    ("practitioner_codes", "practitioner_class", "open_question", "righting_reflex"),
    ("client_codes", "client_class"),
    ("role",),
)
# Letter groups are the many: at full weight they outvote the words.
CHAR_WEIGHT = 0.5
NOISE_RATES = (0.0, 0.06, 0.12, 0.18)
OPSET, IR_VERSION = 20, 10


@dataclass
class Ngrams:
    vocabulary: np.ndarray  # sorted uint32 hashes; row of a feature = place + 1, row 0 = padding
    idf: np.ndarray  # [V + 1]
    weights: np.ndarray  # [V + 1, OUTPUTS]
    bias: np.ndarray  # [OUTPUTS]

    def table(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As exported: idf times weights in 8 bits [V + 1, OUTPUTS], the scale of each row, and idf squared, both [V + 1, 1]."""
        weighted = self.weights * self.idf[:, None]
        weighted[0] = 0
        scale = np.maximum(np.abs(weighted).max(1, keepdims=True), 1e-8) / 127
        squares = (self.idf**2)[:, None]
        squares[0] = 0
        return np.round(weighted / scale).astype(np.int8), scale.astype(np.float32), squares.astype(np.float32)


def rows_of(vocabulary: np.ndarray, lang: str, toks: list[str]) -> np.ndarray:
    """The rows of the features that are known."""
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
    return scipy.sparse.csr_matrix((np.ones(len(columns), dtype=np.float32), columns, at), shape=(len(rows), len(vocabulary) + 1))


def vocabulary_of(lines: list[Line], toks: list[list[str]]) -> np.ndarray:
    """Hashes of the features in at least MIN_SOURCES sources, sorted."""
    sources: dict[int, set[str]] = {}
    for line, said in zip(lines, toks, strict=True):
        for h in text.hashes(line.lang, said):
            seen = sources.setdefault(h, set())
            if len(seen) < MIN_SOURCES:
                seen.add(line.group)
    return np.array(sorted(h for h, seen in sources.items() if len(seen) >= MIN_SOURCES), dtype=np.uint32)


def letter_rows(vocabulary: np.ndarray, lines: list[Line], toks: list[list[str]]) -> np.ndarray:
    """The rows that belong to letter groups."""
    found: set[int] = set()
    for line, said in zip(lines, toks, strict=True):
        found.update(zlib.crc32(f.encode()) for f in text.features(line.lang, said) if f[2] == "c")
    return np.where(np.isin(vocabulary, np.array(sorted(found), dtype=np.uint32)))[0] + 1


def unit_rows(counts: scipy.sparse.csr_matrix, idf: np.ndarray) -> scipy.sparse.csr_matrix:
    x = counts.multiply(idf[None, :]).tocsr().astype(np.float32)
    norm = np.sqrt(np.asarray(x.multiply(x).sum(1)).ravel())
    return scipy.sparse.diags(1.0 / np.maximum(norm, 1e-6)).dot(x).tocsr().astype(np.float32)


def balance_reflex(lines: list[Line], gold: np.ndarray, weight: np.ndarray) -> None:
    """Gives the reflex and its absence the same weight within each origin and language.

    A third of what practitioners say in the written conversations is a reflex, in AnnoMI a thirtieth: unbalanced, every
    word about backs and exercises counts as a sign of it (measured: average precision on AnnoMI 0.49 instead of 0.54).
    """
    k = RANGES["righting_reflex"].start
    origins = np.array([f"{x.origin} {x.lang}" for x in lines])
    for origin in sorted(set(origins)):
        here = origins == origin
        half = weight[here, k].sum() / 2
        for rows in (here & (gold[:, k] > 0), here & (gold[:, k] == 0)):
            weight[rows, k] *= half / max(weight[rows, k].sum(), 1e-6)


def fit(x: scipy.sparse.csr_matrix, gold: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights and biases. `gold` and `weight` are [N, K]; weight 0 where a label does not apply.

    Positive and negative lines of a label weigh the same in all, so that rare codes are learnt; calibration undoes the
    shift. STRENGTH is the C of logistic regression: how much fit counts against small weights.
    """
    v = x.shape[1]
    w = weight.astype(np.float32).copy()
    for k in range(gold.shape[1]):
        total, positive = w[:, k].sum(), (w[:, k] * gold[:, k]).sum()
        w[:, k] *= np.where(gold[:, k] > 0.5, total / (2 * max(positive, 1e-6)), total / (2 * max(total - positive, 1e-6)))
    transposed = x.T.tocsr()

    def value(theta: np.ndarray):
        theta = theta.astype(np.float32).reshape(v + 1, -1)
        z = x @ theta[:v] + theta[v]
        loss = STRENGTH * float((w * (np.logaddexp(0, z) - gold * z)).sum(dtype=np.float64))
        slope = STRENGTH * w * (1 / (1 + np.exp(-z)) - gold)
        gradient = np.empty_like(theta)
        gradient[:v] = transposed @ slope + theta[:v]
        gradient[v] = slope.sum(0)
        return loss + 0.5 * float((theta[:v].astype(np.float64) ** 2).sum()), gradient.ravel().astype(np.float64)

    start = np.zeros((v + 1) * gold.shape[1])
    found = scipy.optimize.minimize(value, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "maxcor": 6})
    theta = found.x.astype(np.float32).reshape(v + 1, -1)
    return theta[:v], theta[v]


def train(lines: list[Line], gold: np.ndarray, weight: np.ndarray, seed: int) -> Ngrams:
    """Every line twice: as it stands, and roughened as a recogniser does it."""
    began = time.time()
    rng = random.Random(seed)
    words = {lang: sorted({w for x in lines if x.lang == lang for w in data.bare(x.text).split()}) for lang in ("en", "nl")}
    toks = [text.tokens(x.text) for x in lines]
    vocabulary = vocabulary_of(lines, toks)
    plain = counts_of(vocabulary, [(x.lang, t) for x, t in zip(lines, toks, strict=True)])
    rough = counts_of(vocabulary, [
        (x.lang, text.tokens(data.roughen(data.bare(x.text), rng, rng.choice(NOISE_RATES), words[x.lang]))) for x in lines
    ])  # fmt: skip
    idf = np.log((1 + len(lines)) / (1 + np.asarray((plain > 0).sum(0)).ravel())) + 1
    idf[0] = 0
    idf[letter_rows(vocabulary, lines, toks)] *= CHAR_WEIGHT
    weight = weight.copy()
    balance_reflex(lines, gold, weight)
    both = unit_rows(scipy.sparse.vstack([plain, rough]).tocsr(), idf)
    gold, weight = np.tile(gold, (2, 1)), np.tile(weight, (2, 1)) / 2
    weights, bias = np.zeros((both.shape[1], OUTPUTS), dtype=np.float32), np.zeros(OUTPUTS, dtype=np.float32)
    for group in GROUPS:
        columns = np.concatenate([np.arange(RANGES[h].start, RANGES[h].stop) for h in group])
        rows = np.where(weight[:, columns].any(1))[0]
        weights[:, columns], bias[columns] = fit(both[rows], gold[np.ix_(rows, columns)], weight[np.ix_(rows, columns)])
    print(f"  {len(lines)} lines, {len(vocabulary)} features, {time.time() - began:.0f} s", flush=True)
    return Ngrams(vocabulary, idf.astype(np.float32), weights, bias)


def network(model: Ngrams) -> onnx.ModelProto:
    """`features` [F] int64, the rows of an utterance's known features → `logits` [1, K]."""
    table, scale, squares = model.table()
    constants = {
        "table": table,
        "scale": scale,
        "squares": squares,
        "bias": model.bias.astype(np.float32),
        "over_features": np.array([0], dtype=np.int64),
        "least": np.array(1e-6, dtype=np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["table", "features"], ["rounded"]),
        helper.make_node("Cast", ["rounded"], ["steps"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["scale", "features"], ["scales"]),
        helper.make_node("Mul", ["steps", "scales"], ["vectors"]),
        helper.make_node("ReduceSum", ["vectors", "over_features"], ["weighted"], keepdims=1),
        helper.make_node("Gather", ["squares", "features"], ["square"]),
        helper.make_node("ReduceSum", ["square", "over_features"], ["summed"], keepdims=1),
        helper.make_node("Max", ["summed", "least"], ["positive"]),
        helper.make_node("Sqrt", ["positive"], ["length"]),
        helper.make_node("Div", ["weighted", "length"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "mi-coder-ngrams",
        [helper.make_tensor_value_info("features", TensorProto.INT64, ["features"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, OUTPUTS])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="gids mi-coder")
    made.ir_version = IR_VERSION
    onnx.checker.check_model(made)
    return made
