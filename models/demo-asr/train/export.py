"""Writes weights as a ggml file that whisper.cpp loads.

    python export.py WEIGHTS.pt OUT.bin [--f16] [--raw]

The default is q8_0 (under 20 MB); --f16 keeps half precision (28 MB). Weights are a training checkpoint
(its running average is taken; --raw takes the last step's) or a plain {"m": state_dict}.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
from pathlib import Path

import numpy as np
import torch

from common import N_MELS, N_VOCAB, byte_ranks, fail, mel_filters, shared_dir

GGML_MAGIC = 0x67676D6C
GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_Q8_0 = 0, 1, 8
FTYPE_F16 = 1
FTYPE_Q8_0 = 2 * 1000 + 7  # GGML_QNT_VERSION 2, "mostly q8_0"
Q8_BLOCK = 32
HEAD_SIZE = 64
N_AUDIO_CTX, N_TEXT_CTX = 1500, 448
# whisper.cpp keeps these as f32 (and the convolutions' biases as [n, 1]).
ALWAYS_F32 = {"encoder.positional_embedding", "decoder.positional_embedding"}
CONV_BIASES = {"encoder.conv1.bias", "encoder.conv2.bias"}


def q8_0(x: np.ndarray) -> bytes:
    """ggml's q8_0: blocks of 32 values along the row, an f16 scale and 32 int8."""
    blocks = x.astype(np.float32).reshape(-1, Q8_BLOCK)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / 127.0
    inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
    out = np.zeros(len(blocks), dtype=[("d", "<f2"), ("q", "i1", (Q8_BLOCK,))])
    out["d"] = scale[:, 0].astype(np.float16)
    out["q"] = np.clip(np.rint(blocks * inverse), -127, 127).astype(np.int8)
    return out.tobytes()


def full_embedding(rows: torch.Tensor, used: list[int]) -> torch.Tensor:
    """The whole vocabulary's embedding: every token id that training never saw gets the shared last row."""
    full = rows[-1:].repeat(N_VOCAB, 1)
    full[torch.tensor(used)] = rows[:-1]
    return full


def encode(name: str, x: np.ndarray, f16_only: bool) -> tuple[int, bytes]:
    """(ggml type, bytes) of one tensor."""
    if x.ndim < 2 or name in ALWAYS_F32 or name in CONV_BIASES:
        return GGML_TYPE_F32, x.astype("<f4").tobytes()
    if x.ndim == 3 or f16_only:
        return GGML_TYPE_F16, x.astype("<f2").tobytes()
    return GGML_TYPE_Q8_0, q8_0(x)


def layers(state: dict, part: str) -> int:
    return len({k.split(".")[2] for k in state if k.startswith(f"{part}.blocks.")})


def write(state: dict, used: list[int], path: Path, f16_only: bool) -> None:
    """Writes the file beside its place and renames it, so that no reader sees half of it."""
    state = dict(state)
    state["decoder.token_embedding.weight"] = full_embedding(state["decoder.token_embedding.weight"], used)
    width = state["encoder.conv1.weight"].shape[0]
    heads = width // HEAD_SIZE
    ranks, mel = byte_ranks(), mel_filters()
    part = path.with_suffix(".part")
    with open(part, "wb") as f:
        ints = lambda *v: f.write(struct.pack("<%di" % len(v), *v))  # noqa: E731
        ints(GGML_MAGIC, N_VOCAB, N_AUDIO_CTX, width, heads, layers(state, "encoder"))
        ints(N_TEXT_CTX, width, heads, layers(state, "decoder"), N_MELS, FTYPE_F16 if f16_only else FTYPE_Q8_0)
        ints(*mel.shape)
        f.write(mel.astype("<f4").tobytes())
        ints(len(ranks))
        for token in sorted(ranks, key=ranks.get):
            ints(len(token))
            f.write(token)
        for name, tensor in state.items():
            if name.startswith("ctc."):
                continue
            x = tensor.detach().float().numpy()
            if name in CONV_BIASES:
                x = x.reshape(-1, 1)
            kind, data = encode(name, x, f16_only)
            ints(x.ndim, len(name), kind)
            ints(*x.shape[::-1])
            f.write(name.encode())
            f.write(data)
    os.replace(part, path)


def load(path: Path, raw: bool) -> tuple[dict, list[int]]:
    """(weights, token id of every embedding row but the last)."""
    if not path.is_file():
        fail(f"{path} does not exist; train first (train.sh)")
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    state = checkpoint["m"] if raw or "ema" not in checkpoint else checkpoint["ema"]
    used = checkpoint.get("used") or json.loads((shared_dir() / "models/vocab-used.json").read_text())
    return state, used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--f16", action="store_true")
    parser.add_argument("--raw", action="store_true")
    args = parser.parse_args()
    state, used = load(args.weights, args.raw)
    write(state, used, args.out, args.f16)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
