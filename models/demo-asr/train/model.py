"""Whisper's architecture, small, with OpenAI's parameter names, and a CTC head that exists in training only."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from common import N_MELS


def sinusoids(length: int, channels: int) -> torch.Tensor:
    """Whisper's fixed positions of the encoder, [length, channels]."""
    rates = torch.exp(-math.log(10_000) / (channels // 2 - 1) * torch.arange(channels // 2))
    t = torch.arange(length)[:, None] * rates[None]
    return torch.cat([t.sin(), t.cos()], 1)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.keep_weights = False
        self.weights: torch.Tensor | None = None

    def forward(self, x: torch.Tensor, source: torch.Tensor | None = None, causal: bool = False) -> torch.Tensor:
        source = x if source is None else source
        batch, _, width = x.shape
        split = lambda z: z.view(batch, -1, self.heads, width // self.heads).transpose(1, 2)  # noqa: E731
        q, k, v = split(self.query(x)), split(self.key(source)), split(self.value(source))
        if self.keep_weights:  # only while the attention is guided
            scores = q.float() @ k.float().transpose(-1, -2) / math.sqrt(q.shape[-1])
            self.weights = scores.softmax(-1)
            y = self.weights.to(v.dtype) @ v
        elif self.training:
            # On CPUs the backward of torch's fused attention takes two to three times as long as this (bf16, 150-300 frames).
            scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
            if causal:
                n = scores.shape[-1]
                scores = scores + torch.full((n, n), -1e4, dtype=scores.dtype).triu(1)
            y = torch.softmax(scores, -1, dtype=scores.dtype) @ v
        else:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.out(y.transpose(1, 2).reshape(batch, -1, width))


class Block(nn.Module):
    def __init__(self, width: int, heads: int, cross: bool):
        super().__init__()
        self.attn, self.attn_ln = Attention(width, heads), nn.LayerNorm(width)
        self.cross_attn = Attention(width, heads) if cross else None
        self.cross_attn_ln = nn.LayerNorm(width) if cross else None
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x: torch.Tensor, source: torch.Tensor | None = None, causal: bool = False) -> torch.Tensor:
        x = x + self.attn(self.attn_ln(x), causal=causal)
        if self.cross_attn is not None:
            x = x + self.cross_attn(self.cross_attn_ln(x), source)
        return x + self.mlp(self.mlp_ln(x))


class Encoder(nn.Module):
    def __init__(self, width: int, heads: int, layers: int):
        super().__init__()
        self.conv1 = nn.Conv1d(N_MELS, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", sinusoids(1500, width))
        self.blocks = nn.ModuleList([Block(width, heads, False) for _ in range(layers)])
        self.ln_post = nn.LayerNorm(width)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """[batch, 80, frames] → [batch, frames / 2, width]."""
        x = F.gelu(self.conv2(F.gelu(self.conv1(mel)))).transpose(1, 2)
        # In the convolutions' own precision: under autocast the whole encoder then runs in bf16.
        x = x + self.positional_embedding[: x.shape[1]].to(x.dtype)
        for block in self.blocks:
            x = block(x)
        return self.ln_post(x)


class Decoder(nn.Module):
    def __init__(self, rows: int, width: int, heads: int, layers: int):
        super().__init__()
        self.token_embedding = nn.Embedding(rows, width)
        nn.init.normal_(self.token_embedding.weight, std=width**-0.5)
        self.positional_embedding = nn.Parameter(torch.randn(448, width) * 0.01)
        self.blocks = nn.ModuleList([Block(width, heads, True) for _ in range(layers)])
        self.ln = nn.LayerNorm(width)

    def hidden(self, tokens: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        x = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, source, causal=True)
        return self.ln(x)

    def forward(self, tokens: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        return self.hidden(tokens, source) @ self.token_embedding.weight.T


class SmallWhisper(nn.Module):
    """`rows` is the number of token ids with an own embedding, plus one row that all others share."""

    def __init__(self, rows: int, width: int, heads: int, encoder_layers: int, decoder_layers: int, characters: int):
        super().__init__()
        self.encoder = Encoder(width, heads, encoder_layers)
        self.decoder = Decoder(rows, width, heads, decoder_layers)
        self.ctc = nn.Linear(width, characters)

    def start_from(self, state: dict) -> None:
        """Takes a smaller model's weights: new layers begin as the identity, new embedding rows as the shared one."""
        own = self.state_dict()
        for name, tensor in own.items():
            if name not in state:
                if name.endswith(("out.weight", "out.bias", "mlp.2.weight", "mlp.2.bias")):
                    tensor.zero_()
            elif name == "decoder.token_embedding.weight" and tensor.shape != state[name].shape:
                known = len(state[name]) - 1
                tensor[:known] = state[name][:-1]
                tensor[known:] = state[name][-1]
            else:
                tensor.copy_(state[name])
        self.load_state_dict(own)
