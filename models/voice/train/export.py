"""Fits how voices lie, and writes the model: voice.onnx, voice.json, test-vectors.json, metrics.json.

    python export.py CORPUS WORK OUT [--hold-out 2033,367] [--share 0.5]

The network's last step is a linear discriminant analysis: within-voice covariance (shrunk) becomes the unit matrix, and
the coordinates are the axes along which the voices differ most. What Gids then has to know of the space is the
variance of the voices along each axis, and that of a voice around itself by how long it was heard.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from augment import rooms, spoil
from teacher import BANDS, HOP, mel, pretrained
from train import between, embed, load, measure, speech_windows

NAME = "gids-voice-1"
WINDOW_FRAMES, HOP_FRAMES = 60, 15
COORDINATES = 48
WITHIN_SHRINKAGE = 0.3
BETWEEN_SHRINKAGE = 0.3
#: Evidence is multiplied by it; chosen on dialogues (the card says which).
TEMPER = 0.5
#: Added to the variance that remains however long one listens: real voices that training has not seen scatter more
#: than those it has, most of which are made. Chosen on dialogues.
UNSEEN_VAR = 0.13


class Model(torch.nn.Module):
    def __init__(self, encoder, mean, rows):
        super().__init__()
        self.encoder = encoder
        self.mean = torch.nn.Parameter(torch.tensor(mean, dtype=torch.float32))
        self.rows = torch.nn.Parameter(torch.tensor(rows.T, dtype=torch.float32))

    def forward(self, mels):
        return (self.encoder(mels) - self.mean) @ self.rows


def shrink(cov, share):
    return (1 - share) * cov + share * np.eye(len(cov)) * np.trace(cov) / len(cov)


def heard(encoder, voices, seed=3):
    """For each voice its utterances' window vectors, each utterance clean and spoiled."""
    rng = np.random.default_rng(seed)
    responses = rooms(60, 2)
    names = list(voices)
    babble = lambda length: np.resize(voices[names[rng.integers(len(names))]][0], length)
    out = {}
    for name, utterances in voices.items():
        rows = []
        for samples in utterances:
            for version in (samples, spoil(rng, samples, responses, babble)):
                windows = speech_windows(np.ascontiguousarray(version, dtype=np.float32), WINDOW_FRAMES, WINDOW_FRAMES // 2)
                if windows:
                    rows.append(embed(encoder, windows).numpy().astype(np.float64))
        out[name] = rows
    return out


def fit(vectors):
    weight = {n: 0.3 if n.startswith("espeak") else 1.0 for n in vectors}
    centres = {n: np.concatenate(rows).mean(0) for n, rows in vectors.items()}
    total = sum(weight.values())
    mean = sum(weight[n] * centres[n] for n in vectors) / total
    within = sum(weight[n] * np.cov(np.concatenate(rows).T) for n, rows in vectors.items()) / total
    spread = sum(weight[n] * np.outer(centres[n] - mean, centres[n] - mean) for n in vectors) / total
    values, axes = np.linalg.eigh(shrink(within, WITHIN_SHRINKAGE))
    whiten = axes / np.sqrt(values)
    seen = whiten.T @ shrink(spread, BETWEEN_SHRINKAGE) @ whiten
    values, axes = np.linalg.eigh(seen)
    rows = (whiten @ axes[:, ::-1][:, :COORDINATES]).T
    # Variance around the voice by the seconds heard, through two lengths: floor + short / seconds.
    def variance(windows):
        gathered = []
        for name, utterances in vectors.items():
            means = [u[i:i + windows].mean(0) for u in utterances for i in range(0, len(u) - windows + 1, windows)]
            if len(means) > 4:
                gathered.append(weight[name] * np.var((np.array(means) - centres[name]) @ rows.T, axis=0).mean() / np.mean(
                    [weight[n] for n in vectors]))
        return float(np.mean(gathered))
    seconds = WINDOW_FRAMES / 100
    one, many = variance(1), variance(9)
    short = (one - many) / (1 / seconds - 1 / (5 * seconds))
    floor = max(many - short / (5 * seconds), 0.0)
    # Voices that training has seen lie closer together than others do.
    return mean, rows, values[::-1][:COORDINATES], floor + UNSEEN_VAR, short


def halve(path):
    """Weights as sixteen-bit floats; the runtime widens them once, when it loads the model."""
    model = onnx.load(path)
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < 4096:
            continue
        values = numpy_helper.to_array(tensor)
        name = tensor.name
        small = numpy_helper.from_array(values.astype(np.float16), name + "_half")
        tensor.CopyFrom(small)
        casts.append(helper.make_node("Cast", [name + "_half"], [name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        model.graph.node.insert(0, node)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus")
    parser.add_argument("work")
    parser.add_argument("out")
    parser.add_argument("--hold-out", default="")
    parser.add_argument("--share", type=float, default=0.5)
    args = parser.parse_args()
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    held = [s for s in args.hold_out.split(",") if s]
    everything = load(args.corpus)
    voices = {n: u for n, u in everything.items() if n.split("-")[1] not in held}
    tested = {n: u for n, u in everything.items() if n.startswith("real") and (not held or n not in voices)}

    teacher = pretrained().eval()
    student = pretrained(quiet=True).eval()
    student.load_state_dict(torch.load(Path(args.work) / "student.pt", weights_only=False)["student"])
    encoder = between(teacher, student, args.share).eval()
    mean, rows, spread, floor, short = fit(heard(encoder, voices))
    model = Model(encoder, mean, rows).eval()

    path = out / "voice.onnx"
    torch.onnx.export(model, (torch.rand(2, WINDOW_FRAMES, BANDS),), str(path), input_names=["mels"],
                      output_names=["voice"], dynamic_axes={"mels": {0: "windows", 1: "frames"}, "voice": {0: "windows"}},
                      dynamo=False, opset_version=17)
    halve(path)
    with open(out / "voice.json", "w") as file:
        json.dump({
            "name": NAME, "features": "mel_power40", "window_frames": WINDOW_FRAMES, "hop_frames": HOP_FRAMES,
            "between_var": [round(float(v), 4) for v in spread], "floor_var": round(floor, 4),
            "short_var": round(short, 4), "temper": TEMPER,
        }, file, indent=1)
        file.write("\n")

    # A window of a synthetic voice, as training sees and hears it.
    name = next(n for n in voices if n.startswith("espeak"))
    samples = np.round(voices[name][0][4000:4000 + (WINDOW_FRAMES - 1) * HOP + 400] * 32768)
    features = mel((samples / 32768).astype(np.float32))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    answer = session.run(None, {"mels": features[None].numpy()})[0][0]
    taught = model(features[None]).detach().numpy()[0]
    print("exported, largest difference", np.abs(answer - taught).max(), "of", np.abs(taught).max())
    with open(out / "test-vectors.json", "w") as file:
        json.dump({"samples": [int(s) for s in samples], "first_frame": [float(f"{v:.6g}") for v in features[0]],
                   "last_frame": [float(f"{v:.6g}") for v in features[-1]],
                   "coordinates": [round(float(v), 4) for v in answer]}, file)
        file.write("\n")

    cosine = {"teacher": measure(teacher, tested), "student": measure(student, tested), "model": measure(encoder, tested)}
    class Projected(torch.nn.Module):
        def forward(self, mels):
            return torch.nn.functional.normalize(model(mels), dim=1)
    cosine["model, projected"] = measure(Projected().eval(), tested)
    report = {"tested_on": sorted(tested), "held_out": held, "share": args.share, "floor_var": floor, "short_var": short,
              "between_var": [float(v) for v in spread], "windows": cosine}
    print(json.dumps(report, indent=1))
    with open(out / "metrics.json", "w") as file:
        json.dump(report, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
