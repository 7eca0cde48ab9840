"""Calibrates, writes mi-coder.onnx, mi-coder.json and the test vectors, and evaluates what it wrote.

`python export.py SHARED WORK MODEL_DIR`
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import calibrate
import card
import data
import supplement
import text
import train
from model import HEADS, RANGES, Linear

OPSET, IR_VERSION = 20, 10
# Own sentences, with what a recogniser and a careless file may bring: for the test that Rust does the same.
VECTOR_TEXTS = (
    ("nl", "Je moet gewoon elke dag een half uur wandelen."),
    ("nl", "ja maar ik had het zo druk"),
    ("nl", "Waarom een 6 en géén 4?"),
    ("nl", "Waarom een zes en geen vier?"),
    ("nl", "Één keer per week, ’s avonds: dat lukt wél, hè?"),
    ("nl", "Ach joh, dat komt vanzelf goed!"),
    ("en", "Don't worry, it’ll be fine."),
    ("en", "On a scale from zero to ten, how confident are you that you could walk 3x a week?"),
    ("en", "I DIDN'T do the exercises; my naïve café plan failed…"),
    ("en", "mm-hmm"),
    ("en", "x"),
    ("nl", "👍"),
    ("nl", ""),
    ("en", "你好 Straße ŁÓDŹ İstanbul e\u0301e\u0301n"),
    ("nl", "dus " * 400 + "wat vind je daar zelf van?"),
)


def network(model: Linear) -> onnx.ModelProto:
    """`ids` [N, L] int64, 0 = padding, to `logits` [N, K]."""
    table = model.table()
    table[0] = 0
    width = table.shape[1]
    constants = {
        "table": table,
        "bias": model.bias.astype(np.float32),
        "over_features": np.array([1], dtype=np.int64),
        "start": np.array([0], dtype=np.int64),
        "last": np.array([width - 1], dtype=np.int64),
        "end": np.array([width], dtype=np.int64),
        "columns": np.array([1], dtype=np.int64),
        "least": np.array(1e-6, dtype=np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["half"]),
        helper.make_node("Cast", ["half"], ["vectors"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["vectors", "over_features"], ["summed"], keepdims=0),
        helper.make_node("Slice", ["summed", "start", "last", "columns"], ["weighted"]),
        helper.make_node("Slice", ["summed", "last", "end", "columns"], ["squares"]),
        helper.make_node("Max", ["squares", "least"], ["positive"]),
        helper.make_node("Sqrt", ["positive"], ["length"]),
        helper.make_node("Div", ["weighted", "length"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "mi-coder",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["utterances", "features"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["utterances", width - 1])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="gids mi-coder")
    made.ir_version = IR_VERSION
    onnx.checker.check_model(made)
    return made


class Exported:
    """The files as written, run the way the program runs them."""

    def __init__(self, folder: Path):
        self.spec = json.loads((folder / "mi-coder.json").read_text())
        self.vocabulary = np.array(self.spec["vocabulary"], dtype=np.uint32)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(folder / "mi-coder.onnx"), options)
        self.scale = np.concatenate([h["scale"] for h in self.spec["heads"]])
        self.shift = np.concatenate([h["shift"] for h in self.spec["heads"]])

    def probabilities(self, said: list[tuple[str, list[str]]]) -> np.ndarray:
        logits = [
            self.session.run(None, {"ids": (r if len(r) else np.zeros(1, dtype=np.int64))[None]})[0][0]
            for r in (train.rows_of(self.vocabulary, lang, toks) for lang, toks in said)
        ]
        return calibrate.probabilities(np.array(logits, dtype=np.float64), self.scale, self.shift)


def held_out(work: Path, lines: list[data.Line]) -> tuple[list[data.Line], np.ndarray]:
    """Lines and logits of models that did not see them, once with and once without question marks."""
    by_id = {x.id: x for x in lines}
    kept, logits = [], []
    for k in range(train.FOLDS):
        z = np.load(work / f"fold{k}.npz")
        for kind in ("plain", "bare"):
            kept += [by_id[str(i)] for i in z["ids"]]
            logits.append(z[kind])
    return kept, np.concatenate(logits).astype(np.float64)


def describe(model: Linear, lines: list[data.Line], z: np.ndarray, dev: list[data.Line]) -> dict:
    scale, shift = calibrate.calibration(lines, z)
    said = [x for x in dev if x.practitioner]
    seen = np.concatenate([train.logits_of(model, said), train.logits_of(model, said, train.bare)])
    reflex = calibrate.probabilities(seen, scale, shift)[:, RANGES["righting_reflex"].start]
    return {
        "format": 1,
        "name": "mi-coder",
        "features_version": text.FEATURES_VERSION,
        "heads": [
            {"name": name, "labels": labels, "activation": activation,
             "scale": [round(float(v), 5) for v in scale[RANGES[name]]],
             "shift": [round(float(v), 5) for v in shift[RANGES[name]]]}
            for name, labels, activation in HEADS
        ],
        "thresholds": calibrate.code_thresholds(lines, calibrate.probabilities(z, scale, shift)),
        "righting_reflex": calibrate.reflex_thresholds(np.tile([x.righting_reflex for x in said], 2), reflex),
        "vocabulary": model.vocabulary.tolist(),
    }  # fmt: skip


def vectors(exported: Exported) -> list[dict]:
    out = []
    for lang, said in VECTOR_TEXTS:
        toks = text.tokens(said)
        p = exported.probabilities([(lang, toks)])[0]
        out.append({
            "lang": lang, "text": said, "tokens": toks, "hashes": text.hashes(lang, toks),
            "practitioner": p[RANGES["practitioner_codes"]].round(6).tolist(),
            "client": p[RANGES["client_codes"]].round(6).tolist(),
            "righting_reflex": round(float(p[RANGES["righting_reflex"].start]), 6),
            "role": round(float(p[RANGES["role"].start]), 6),
        })  # fmt: skip
    return out


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("shared")
    parser.add_argument("work", type=Path)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    lines, dev = data.load(data.shared_root(args.shared))
    model = train.load(args.work / "final.npz")
    onnx.save(network(model), str(args.folder / "mi-coder.onnx"))
    spec = describe(model, *held_out(args.work, lines), dev)
    (args.folder / "mi-coder.json").write_text(json.dumps(spec, separators=(",", ":")) + "\n")
    exported = Exported(args.folder)
    made = {"format": 1, "vectors": vectors(exported)}
    (args.folder / "test-vectors.json").write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n")
    numbers = card.evaluate(exported, dev)
    numbers["training"] = {"lines": len(lines), "written": len(supplement.lines()), "features": len(model.vocabulary)}
    (args.folder / "metrics.json").write_text(json.dumps(numbers, indent=1) + "\n")
    card.write(args.folder / "README.md", numbers, spec)
    print(card.summary(numbers, spec))


if __name__ == "__main__":
    main()
