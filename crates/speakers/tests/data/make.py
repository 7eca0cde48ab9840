"""Makes the voice models of the tests: `python make.py` in this folder (onnx, numpy).

Each keeps what of the features is above zero, takes the mean over time and multiplies it by fixed random numbers: enough
to be imported and to tell sounds apart, nothing that knows voices.
"""

import json

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

VALUES = 16


def model(path, shape, out=("B", VALUES), names=("feats", "embs"), metadata=None, time=1, above="Relu", one=False):
    """Writes a model that takes `shape`, with time on that axis. With `one` it puts all it gets into one window."""
    width = shape[3 - time]
    random = np.random.default_rng(7)
    # Eight bits a number: the files stay small.
    weights = random.integers(-100, 101, (width, VALUES)).astype(np.int8)
    constants = [numpy_helper.from_array(weights, "small")]
    nodes = [helper.make_node(above, [names[0]] * (2 if above == "Sub" else 1), ["positive"])]
    if one:
        constants.append(numpy_helper.from_array(np.array([1, -1, width], dtype=np.int64), "single"))
        nodes.append(helper.make_node("Reshape", ["positive", "single"], ["frames"]))
    nodes += [
        helper.make_node("ReduceMean", ["frames" if one else "positive"], ["mean"], axes=[time], keepdims=0),
        helper.make_node("Cast", ["small"], ["weights"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["mean", "weights"], [names[1]]),
    ]
    graph = helper.make_graph(
        nodes,
        "voice",
        [helper.make_tensor_value_info(names[0], TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(names[1], TensorProto.FLOAT, out)],
        constants,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(made, metadata or {})
    checker.check_model(made)
    save(made, path)


any_number = ["B", "T", 80]
model("tiny.onnx", any_number)
model("tiny-3d-speaker.onnx", any_number, names=("x", "embedding"), metadata={"framework": "3d-speaker"})
model("one-at-a-time.onnx", [1, "T", 80], out=(1, VALUES))
model("one-in-truth.onnx", any_number, one=True)
model("fixed-240.onnx", ["B", 240, 80])
model("fixed-100.onnx", ["B", 100, 80])
# No voice models, or none for Gids.
model("fixed-20.onnx", ["B", 20, 80])
model("wide-64.onnx", ["B", "T", 64])
model("turned.onnx", ["B", 80, "T"], time=2)
model("deaf.onnx", any_number, above="Sub")  # from itself
model("8-khz.onnx", any_number, metadata={"framework": "wespeaker", "sample_rate": "8000"})

# In the place of Gids' own.
model("own/voice.onnx", ["B", "T", 40])
with open("own/voice.json", "w") as file:
    spec = {
        "name": "test-own",
        "features": "mel_power40",
        "window_frames": 80,
        "hop_frames": 20,
        "between_var": [1.0] * VALUES,
        "floor_var": 0.1,
        "short_var": 0.1,
        "temper": 0.5,
    }
    file.write(json.dumps(spec) + "\n")
