"""Writes the trained model as an ONNX graph with weights of 8 bits."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from encoder import HEADS_OF_ATTENTION, OUTPUTS, WIDTH, Coder

OPSET, IR_VERSION = 20, 10


class Graph:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        self.roundings: dict[str, list[str]] = {}

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants[name] = value
        return name

    def node(self, kind: str, inputs: list[str], domain: str = "", **attributes) -> str:
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def linear(self, x: str, name: str, weight: np.ndarray, bias: np.ndarray, bits: int) -> str:
        """`x` @ weight.T + bias; weight is [outputs, inputs]."""
        if bits == 32:
            product = self.node("MatMul", [x, self.constant(f"{name}.weight", np.ascontiguousarray(weight.T))])
            return self.node("Add", [product, self.constant(f"{name}.bias", bias)])
        # One scale for each output. Seven bits: without VNNI, processors add pairs of products in 16 bits, and eight would overflow.
        scale = np.maximum(np.abs(weight).max(1), 1e-8) / 63
        self.constant(f"{name}.weight", np.ascontiguousarray(np.round(weight / scale[:, None]).astype(np.int8).T))
        rounded, step, zero = self.rounded(x)
        product = self.node("MatMulInteger", [rounded, f"{name}.weight", zero])
        product = self.node("Cast", [product], to=TensorProto.FLOAT)
        scales = self.node("Mul", [step, self.constant(f"{name}.scale", scale.astype(np.float32))])
        return self.node("Add", [self.node("Mul", [product, scales]), self.constant(f"{name}.bias", bias)])

    def rounded(self, x: str) -> list[str]:
        """`x` in 8 bits, its scale and its zero, by the range that it has in this call."""
        if x not in self.roundings:
            outputs = [f"{x}.{part}" for part in ("rounded", "step", "zero")]
            self.nodes.append(helper.make_node("DynamicQuantizeLinear", [x], outputs, name=f"{x}.round"))
            self.roundings[x] = outputs
        return self.roundings[x]

    def norm(self, x: str, name: str, module) -> str:
        return self.node(
            "LayerNormalization",
            [x, self.constant(f"{name}.weight", array(module.weight)), self.constant(f"{name}.bias", array(module.bias))],
            axis=-1, epsilon=float(module.eps),
        )  # fmt: skip


def array(tensor) -> np.ndarray:
    return tensor.detach().float().numpy()


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def network(model: Coder, bits: int = 8) -> onnx.ModelProto:
    """`ids` [1, L] int64 → `logits` [1, K] float32: one utterance a call, for the rounding depends on all that is in it."""
    g = Graph()
    table = array(model.encoder.tokens.weight)
    # Every token has its own scale: rare ones are much smaller than common ones.
    scale = np.maximum(np.abs(table).max(1, keepdims=True), 1e-8) / 127
    g.constant("table", np.round(table / scale).astype(np.int8))
    g.constant("table.scale", scale.astype(np.float32))
    rows = g.node("Cast", [g.node("Gather", ["table", "ids"])], to=TensorProto.FLOAT)
    x = g.node("Mul", [rows, g.node("Gather", ["table.scale", "ids"])])
    zero, one, two = (g.constant(n, ints(v)) for n, v in (("zero", 0), ("one", 1), ("two", 2)))
    length = g.node("Slice", [g.node("Shape", ["ids"]), one, two])
    positions = g.node("Slice", [g.constant("positions", array(model.encoder.positions)), zero, length, zero])
    x = g.norm(g.node("Add", [x, positions]), "norm", model.encoder.norm)
    apart = g.constant("apart", ints(0, 0, HEADS_OF_ATTENTION, WIDTH // HEADS_OF_ATTENTION))
    together = g.constant("together", ints(0, 0, WIDTH))
    root = g.constant("root", np.array((WIDTH // HEADS_OF_ATTENTION) ** -0.5, dtype=np.float32))
    for i, layer in enumerate(model.encoder.layers):
        p = f"layer{i}"
        weight, bias = array(layer.qkv.weight), array(layer.qkv.bias)
        parts = []
        for j, name in enumerate("qkv"):
            at = slice(j * WIDTH, (j + 1) * WIDTH)
            part = g.node("Reshape", [g.linear(x, f"{p}.{name}", weight[at], bias[at], bits), apart])
            parts.append(g.node("Transpose", [part], perm=[0, 2, 3, 1] if name == "k" else [0, 2, 1, 3]))
        q, k, v = parts
        likeness = g.node("MatMul", [g.node("Mul", [q, root]), k])
        seen = g.node("MatMul", [g.node("Softmax", [likeness], axis=-1), v])
        seen = g.node("Reshape", [g.node("Transpose", [seen], perm=[0, 2, 1, 3]), together])
        seen = g.linear(seen, f"{p}.out", array(layer.out.weight), array(layer.out.bias), bits)
        x = g.norm(g.node("Add", [x, seen]), f"{p}.norm1", layer.norm1)
        inner = g.node("Gelu", [g.linear(x, f"{p}.up", array(layer.up.weight), array(layer.up.bias), bits)])
        inner = g.linear(inner, f"{p}.down", array(layer.down.weight), array(layer.down.bias), bits)
        x = g.norm(g.node("Add", [x, inner]), f"{p}.norm2", layer.norm2)
    pooled = g.node("ReduceMean", [x, one], keepdims=0)
    pooled = g.node("Tanh", [g.linear(pooled, "mix", array(model.mix.weight), array(model.mix.bias), 32)])
    logits = g.linear(pooled, "heads", array(model.heads.weight), array(model.heads.bias), 32)
    g.nodes.append(helper.make_node("Identity", [logits], ["logits"]))
    graph = helper.make_graph(
        g.nodes, "mi-coder",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "tokens"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, OUTPUTS])],
        [numpy_helper.from_array(value, name) for name, value in g.constants.items()],
    )  # fmt: skip
    domains = [helper.make_opsetid("", OPSET)]
    made = helper.make_model(graph, opset_imports=domains, producer_name="gids mi-coder")
    made.ir_version = IR_VERSION
    onnx.checker.check_model(made)
    return made
