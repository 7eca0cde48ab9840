"""Writes the two networks, mi-coder.json, the tokenizers and the test vectors, and evaluates what it wrote.

`python export.py SHARED WORK MODEL_DIR`
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

import calibrate
import card
import data
import ngrams
import supplement
import text
import tokens
from calibrate import REFLEX
from data import Line
from encoder import HEADS, OUTPUTS, RANGES, Coder
from network import network

FORMAT = 2
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
    ("en", "So [chuckles] you're of two minds - part of you wants it."),
    ("en", "mm-hmm"),
    ("en", "x"),
    ("nl", "👍"),
    ("nl", ""),
    ("en", "…!?"),
    ("en", "你好 Straße ŁÓDŹ İstanbul e\u0301e\u0301n"),
    ("nl", "dus " * 400 + "wat vind je daar zelf van?"),
)


class Exported:
    """The files as written, run the way the program runs them."""

    def __init__(self, folder: Path, vocabulary: np.ndarray) -> None:
        self.tokens = tokens.load(folder)
        self.vocabulary = vocabulary
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.encoder, self.ngrams = (
            onnxruntime.InferenceSession(str(folder / name), options) for name in ("mi-coder.onnx", "mi-coder-ngrams.onnx")
        )

    def rows(self, lang: str, said: str) -> np.ndarray:
        return ngrams.rows_of(self.vocabulary, lang, text.tokens(said))

    def logits(self, said: list[tuple[str, str]]) -> np.ndarray:
        """[N, 2, K]; zeros for a text without words."""
        out = np.zeros((len(said), 2, OUTPUTS))
        for i, (lang, words) in enumerate(said):
            ids = self.tokens.ids(lang, words)
            if ids:
                out[i, 0] = self.encoder.run(None, {"ids": np.array([ids], dtype=np.int64)})[0][0]
                out[i, 1] = self.ngrams.run(None, {"features": self.rows(lang, words)})[0][0]
        return out


def describe(setting: dict, vocabulary: np.ndarray) -> dict:
    return {
        "format": FORMAT,
        "name": "mi-coder",
        "tokens": {"unknown": tokens.UNKNOWN, "start": tokens.START, "end": tokens.END,
                   "head": tokens.HEAD_TOKENS, "tail": tokens.TAIL_TOKENS},
        "features_version": text.FEATURES_VERSION,
        "heads": [
            {"name": name, "labels": labels, "activation": activation,
             "encoder_scale": [round(float(v), 5) for v in setting["scale"][0, RANGES[name]]],
             "ngrams_scale": [round(float(v), 5) for v in setting["scale"][1, RANGES[name]]],
             "shift": [round(float(v), 5) for v in setting["shift"][RANGES[name]]]}
            for name, labels, activation in HEADS
        ],
        "thresholds": setting["thresholds"],
        "righting_reflex": setting["righting_reflex"],
        "features": vocabulary.tolist(),
    }  # fmt: skip


def vectors(exported: Exported, setting: dict) -> list[dict]:
    out = []
    for lang, said in VECTOR_TEXTS:
        p = calibrate.probabilities(exported.logits([(lang, said)]), setting["scale"], setting["shift"])[0]
        out.append({
            "lang": lang, "text": said, "ids": exported.tokens.ids(lang, said),
            "features": exported.rows(lang, said).tolist(),
            "practitioner": p[RANGES["practitioner_codes"]].round(6).tolist(),
            "client": p[RANGES["client_codes"]].round(6).tolist(),
            "righting_reflex": round(float(p[REFLEX]), 6), "role": round(float(p[RANGES["role"].start]), 6),
        })  # fmt: skip
    return out


def counts(lines: list[Line]) -> dict[str, int]:
    return {origin: sum(x.origin == origin for x in lines) for origin in ("annomi", "physio", "written")}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("shared")
    parser.add_argument("work", type=Path)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    lines, dev = data.load(data.shared_root(args.shared))
    known = tokens.load(args.work)
    known.save(args.folder)
    state = torch.load(args.work / "final.pt", weights_only=True)
    layers = sum(name.endswith("qkv.weight") for name in state)
    model = Coder(known.size, layers)
    model.load_state_dict(state)
    onnx.save(network(model), str(args.folder / "mi-coder.onnx"))
    saved = np.load(args.work / "ngrams.npz")
    second = ngrams.Ngrams(**{name: saved[name] for name in ("vocabulary", "idf", "weights", "bias")})
    onnx.save(ngrams.network(second), str(args.folder / "mi-coder-ngrams.onnx"))
    exported = Exported(args.folder, second.vocabulary)
    z = {form: exported.logits([(x.lang, change(x.text)) for x in dev]) for form, change in card.FORMS.items()}
    setting = calibrate.settings(dev * 2, np.concatenate(list(z.values())))
    (args.folder / "mi-coder.json").write_text(json.dumps(describe(setting, second.vocabulary), separators=(",", ":")) + "\n")
    # What the file says, rounded: the program has no other.
    setting["scale"], setting["shift"] = setting["scale"].round(5), setting["shift"].round(5)
    made = {"format": FORMAT, "vectors": vectors(exported, setting)}
    (args.folder / "test-vectors.json").write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n")
    numbers, judged = card.evaluate(dev, z)
    numbers["training"] = {"lines": counts(lines), "patterns": len(supplement.lines()), "evaluation": counts(dev), "tokens": known.size, "layers": layers,
                           "features": len(second.vocabulary)}  # fmt: skip
    (args.folder / "metrics.json").write_text(json.dumps(numbers, indent=1) + "\n")
    card.plot(args.folder / "calibration.png", dev, judged["as written"])
    card.write(args.folder / "README.md", numbers, setting)
    print(card.summary(numbers, setting))


if __name__ == "__main__":
    main()
