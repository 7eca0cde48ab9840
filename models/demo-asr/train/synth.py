"""Speaks utterances with espeak-ng and stores log-mel features.

    python synth.py NAME --seed 1 [--part 0/3] [--kinds talk] [--repeat 1] [--exact] [--empty 0.015]

Writes $GIDS_ASR_WORK/sets/NAME.npy (all frames, float16, [frames, 80]) and NAME.json (clips: offset,
frames, lang, text). `--exact` speaks with the roleplays' own voices, rate and pitch.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import subprocess
from multiprocessing import Pool

import numpy as np
import soundfile as sf
import soxr

from common import SAMPLE_RATE, fail, log_mel, mel_filters, work_dir

BASE = {"nl": "nl", "en": "en-us"}
# The roleplays' two voices. More voices and wider rates and pitches cost more training than a small demo is worth.
VARIANTS = ["", "+f3"]
LONGEST_S = 16.0
FILTERS = None


def voice(lang: str, variant: str) -> str:
    return BASE[lang] + variant


def espeak(text: str, name: str, rate: int, pitch: int) -> np.ndarray | None:
    """16 kHz mono samples."""
    done = subprocess.run(
        ["espeak-ng", "-v", name, "-s", str(rate), "-p", str(pitch), "--stdout", "--", text], capture_output=True
    )
    try:
        x, sr = sf.read(io.BytesIO(done.stdout), dtype="float32")
    except sf.LibsndfileError:
        return None
    return soxr.resample(x, sr, SAMPLE_RATE) if len(x) >= sr * 0.15 else None


def filtered(x: np.ndarray, response) -> np.ndarray:
    """The samples through a frequency response (a function of Hz); a length of 2^n keeps the FFT fast."""
    n = 1 << (len(x) - 1).bit_length()
    spectrum = np.fft.rfft(x, n) * response(np.fft.rfftfreq(n, 1 / SAMPLE_RATE))
    return np.fft.irfft(spectrum, n)[: len(x)]


def low_pass(x: np.ndarray, cutoff_hz: float) -> np.ndarray:
    """What a detour over a lower sample rate leaves."""
    return filtered(x, lambda f: np.clip((cutoff_hz + 150 - f) / 300, 0, 1))


def noise_like(n: int, noise: np.random.Generator, pole: float) -> np.ndarray:
    """Noise of RMS 1: white, or low and soft as in a quiet room (the roleplays' own has pole 0.97)."""
    x = noise.standard_normal(n, np.float32)
    if pole:
        x = filtered(x, lambda f: 1 / np.abs(1 - pole * np.exp(-2j * np.pi * f / SAMPLE_RATE)))
    return x / max(1e-9, np.sqrt((x**2).mean()))


def spoil(x: np.ndarray, rng: random.Random) -> np.ndarray:
    """Silence around, sometimes a limited band, a little noise, another gain."""
    noise = np.random.default_rng(rng.randrange(2**31))
    x = np.concatenate([np.zeros(int(SAMPLE_RATE * rng.uniform(0, 0.45))), x, np.zeros(int(SAMPLE_RATE * rng.uniform(0, 0.55)))])
    if rng.random() < 0.30:
        x = low_pass(x, rng.choice([3600, 3800, 4000, 4000, 5500]))
    if rng.random() < 0.45:
        level = np.sqrt((x**2).mean()) * 10 ** (-rng.uniform(20, 60) / 20)
        x = x + noise_like(len(x), noise, rng.choice([0.0, 0.97])) * level
    return (x * 10 ** (rng.uniform(-14, 3) / 20)).astype(np.float32)


def nothing(rng: random.Random) -> np.ndarray:
    """Silence, faint noise, or a click: what the model must stay silent on."""
    noise = np.random.default_rng(rng.randrange(2**31))
    n = int(SAMPLE_RATE * rng.uniform(0.4, 4))
    x = np.zeros(n)
    kind = rng.random()
    if kind > 0.25:
        x += noise_like(n, noise, rng.choice([0.0, 0.97])) * 10 ** (-rng.uniform(25, 75) / 20)
    if kind > 0.75:
        at, length = rng.randrange(n - 800), rng.randint(20, 800)
        x[at : at + length] += noise.standard_normal(length) * np.exp(-np.arange(length) / (length / 4)) * rng.uniform(0.02, 0.6)
    if rng.random() < 0.3:
        x = low_pass(x, 4000)
    return x.astype(np.float32)


def start_worker() -> None:
    global FILTERS
    FILTERS = mel_filters()


def render(job: tuple) -> np.ndarray | None:
    row, seed, exact = job
    rng = random.Random(seed)
    if not row["text"]:
        return log_mel(nothing(rng), FILTERS).astype(np.float16)
    if exact:
        variant = "" if row["role"] == "P" else "+f3"
        rate, pitch = rng.randint(149, 156), 50
    else:
        variant = rng.choice(VARIANTS)
        rate, pitch = rng.randint(147, 160), rng.randint(45, 55)
    x = espeak(row["text"], voice(row["lang"], variant), rate, pitch)
    if x is None or len(x) > LONGEST_S * SAMPLE_RATE:
        return None
    return log_mel(spoil(x, rng), FILTERS).astype(np.float16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--part", default="0/1", help="I/N: every N-th utterance from the I-th on")
    parser.add_argument("--kinds", default="talk", help="talk, roleplay, heldout; comma-separated")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--empty", type=float, default=0.0, help="share of clips without speech")
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    kinds = args.kinds.split(",")
    source = work_dir() / ("heldout.jsonl" if "heldout" in kinds else "texts.jsonl")
    rows = [json.loads(line) for line in source.read_text().splitlines()]
    rows = [r for r in rows if r["kind"] in kinds]
    random.Random(1).shuffle(rows)  # the same order for every part
    index, count = map(int, args.part.split("/"))
    rows = rows[index::count] * args.repeat
    if not rows:
        fail(f"no utterances of kind {args.kinds} in {source}; run texts.py first")
    rng = random.Random(args.seed)
    for _ in range(int(len(rows) * args.empty)):
        rows.append({"lang": rng.choice(["nl", "en"]), "text": "", "role": "P"})
    rng.shuffle(rows)
    jobs = [(row, rng.randrange(2**31), args.exact) for row in rows]
    target = work_dir() / "sets"
    target.mkdir(exist_ok=True)
    clips, frames = [], 0
    raw = target / f"{args.name}.raw"
    with open(raw, "wb") as f, Pool(args.workers, start_worker) as pool:
        for (row, _, _), mel in zip(jobs, pool.imap(render, jobs, chunksize=32)):
            if mel is None:
                continue
            f.write(mel.tobytes())
            clips.append([frames, len(mel), row["lang"], row["text"]])
            frames += len(mel)
    np.save(target / f"{args.name}.npy", np.fromfile(raw, np.float16).reshape(frames, -1))
    raw.unlink()
    (target / f"{args.name}.json").write_text(json.dumps(clips, ensure_ascii=False))
    print(f"{args.name}: {len(clips)} clips, {frames / 360_000:.2f} h")


if __name__ == "__main__":
    main()
