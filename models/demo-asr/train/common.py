"""What every script here shares: token ids, paths, Whisper's log-mel features, word errors."""

from __future__ import annotations

import base64
import os
import re
import sys
import unicodedata
from pathlib import Path

import numpy as np
import tiktoken

SAMPLE_RATE = 16_000
FRAMES_PER_SECOND = 100
N_MELS = 80
N_VOCAB = 51_865  # whisper.cpp derives its special ids from this size
# Special ids of the multilingual vocabulary.
EOT, SOT, TRANSCRIBE, NO_SPEECH, NO_TIMESTAMPS = 50257, 50258, 50359, 50362, 50363
LANGUAGES = {"en": 50259, "nl": 50271}
# Digital silence after log10(1e-10) and (x + 4) / 4; whisper.cpp also floors at maximum - 8.
SILENCE = -1.5
FLOOR_BELOW_MAX = 2.0

REPO = Path(__file__).resolve().parents[3]
# The split of Whisper's own tokenizer.
PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


def fail(message: str) -> None:
    """Ends the script with a message that says what to do."""
    sys.exit(f"error: {message}")


def shared_dir() -> Path:
    """The folder with the training texts (`data/`) and the first weights (`models/`)."""
    path = Path(os.environ.get("GIDS_SHARED", REPO.parent / "shared")).resolve()
    if not (path / "data").is_dir():
        fail(f"no training data at {path}/data; set GIDS_SHARED to the folder that holds data/ and models/")
    return path


def work_dir() -> Path:
    """The scratch folder, outside the repository: GIDS_ASR_WORK."""
    value = os.environ.get("GIDS_ASR_WORK")
    if not value:
        fail("set GIDS_ASR_WORK to a scratch folder outside the repository (about 4 GB)")
    path = Path(value).resolve()
    if path.is_relative_to(REPO):
        fail(f"GIDS_ASR_WORK ({path}) lies inside the repository; choose a folder outside it")
    path.mkdir(parents=True, exist_ok=True)
    return path


def whisper_asset(name: str) -> Path:
    """A file of openai-whisper's source package (`whisper/assets`), which train.sh unpacks."""
    path = work_dir() / "assets" / name
    if not path.is_file():
        fail(f"{path} is missing; run train.sh, which takes it out of openai-whisper's source package")
    return path


def byte_ranks() -> dict[bytes, int]:
    """The 50,257 byte-level tokens and their ids."""
    lines = whisper_asset("multilingual.tiktoken").read_text().splitlines()
    return {base64.b64decode(a): int(b) for a, b in (line.split() for line in lines if line.strip())}


def tokenizer() -> tiktoken.Encoding:
    """Whisper's multilingual text tokenizer, without the special tokens."""
    return tiktoken.Encoding("multilingual", pat_str=PATTERN, mergeable_ranks=byte_ranks(), special_tokens={})


_WINDOW = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)).astype(np.float32)


def mel_filters() -> np.ndarray:
    """Whisper's 80 mel filters, [80, 201]."""
    return np.load(whisper_asset("mel_filters.npz"))["mel_80"].astype(np.float32)


def log_mel(x: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Log-mel features of 16 kHz mono samples just as whisper.cpp makes them, [frames, 80]."""
    x = np.concatenate([x[1:201][::-1], x, np.zeros(400, np.float32)]).astype(np.float32)
    n = 1 + (len(x) - 400) // 160
    frames = np.lib.stride_tricks.as_strided(x, (n, 400), (x.strides[0] * 160, x.strides[0])) * _WINDOW
    power = np.abs(np.fft.rfft(frames, axis=1)).astype(np.float32) ** 2
    mel = np.log10(np.maximum(power @ filters.T, 1e-10))
    return ((np.maximum(mel, mel.max() - 8) + 4) / 4).astype(np.float32)


def floor_of(mel: np.ndarray) -> float:
    """What whisper.cpp's zero padding after this clip looks like."""
    return max(SILENCE, float(mel.max()) - FLOOR_BELOW_MAX)


def words(text: str) -> list[str]:
    """Words for the error rate: lower case, no punctuation, no accents."""
    text = unicodedata.normalize("NFD", text.lower().replace("’", "'"))
    text = "".join(c for c in text if not unicodedata.combining(c))
    return [w for w in re.sub(r"[^\w' ]", " ", text).replace("_", " ").split() if w.strip("'")]


def word_errors(hypothesis: str, reference: str) -> tuple[int, int]:
    """(substitutions + insertions + deletions, words of the reference)."""
    a, b = words(reference), words(hypothesis)
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1], len(a)
