"""Gathers voices to train on: real ones, real ones bent into others, and synthetic ones.

    python corpus.py REAL OUT

REAL holds one folder of recordings (16 kHz) per speaker. What is written: OUT/<kind>-<voice>.npz, each with the
voice's utterances as 16-bit samples.

- `real`: as recorded.
- `bent`: each real speaker made into others with the WORLD vocoder (Morise 2016): other pitch, other range of pitch,
  a longer or shorter vocal tract, other formants, another tilt. The way of speaking stays, the voice is another's.
- `espeak`: espeak-ng with its variants, other pitches, rates and languages, reading lines of this project.
"""

import json
import random
import subprocess
import sys
import tempfile
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import pyworld
import soundfile

RATE = 16_000
BENT_PER_SPEAKER = 14
ESPEAK_VOICES = 80
ESPEAK_LINES = 10
LANGUAGES = ["nl", "nl", "nl", "en-us", "en-us", "en-gb", "de", "fr-fr"]
VARIANTS = [""] + [f"+m{i}" for i in range(1, 9)] + [f"+f{i}" for i in range(1, 6)] + [
    "+Andrea", "+Lee", "+Mario", "+Michael", "+Annie", "+Denis", "+Diogo", "+Gene", "+John", "+Kaukovalta", "+Linda",
    "+Mr_serious", "+Steph", "+steph2", "+Tweaky", "+boris", "+caleb", "+david", "+ed", "+max", "+michel", "+miguel",
    "+norbert", "+pablo", "+paul", "+pedro", "+robert", "+sandro", "+shelby", "+travis", "+victor", "+zac",
]
LINES = Path(__file__).parents[3] / "assets" / "eval"


def bend(samples, how):
    """One utterance with the voice `how` says."""
    x = samples.astype(np.float64)
    f0, at = pyworld.dio(x, RATE)
    f0 = pyworld.stonemask(x, f0, at, RATE)
    envelope = pyworld.cheaptrick(x, f0, at, RATE)
    noise = pyworld.d4c(x, f0, at, RATE)
    voiced = f0 > 0
    centre = np.exp(np.log(f0[voiced]).mean()) if voiced.any() else 1.0
    f0[voiced] = centre * how["pitch"] * (f0[voiced] / centre) ** how["range"]
    bins = envelope.shape[1]
    hz = np.linspace(0, RATE / 2, bins)
    # The vocal tract's length stretches the axis; a slow wave along it moves single formants.
    source = hz / how["tract"] * (1 + how["wave"] * np.sin(2 * np.pi * hz / how["wave_hz"] + how["phase"]))
    source = np.clip(source, 0, RATE / 2)
    low = np.clip(np.searchsorted(hz, source) - 1, 0, bins - 2)
    part = (source - hz[low]) / (hz[1] - hz[0])
    def along(values):
        return values[:, low] * (1 - part) + values[:, low + 1] * part
    tilt = 10 ** (how["tilt_db"] * (hz - 1000) / 4000 / 10)
    out = pyworld.synthesize(f0, np.ascontiguousarray(np.exp(along(np.log(envelope + 1e-16))) * tilt),
                             np.ascontiguousarray(along(noise)), RATE)
    return pack(out)


def pack(samples):
    """Sixteen bits, the loudest at half of full scale."""
    samples = np.asarray(samples, dtype=np.float64)
    return np.round(samples / max(np.abs(samples).max(), 1e-9) * 16_000).astype(np.int16)


def save(out, name, utterances):
    np.savez(out / f"{name}.npz", **{f"u{i:02}": u for i, u in enumerate(utterances)})


def speaker(job):
    folder, out = job
    files = sorted(p for p in folder.iterdir() if p.suffix in (".flac", ".wav"))
    utterances = [soundfile.read(f)[0] for f in files]
    save(out, f"real-{folder.name}", [pack(u) for u in utterances])
    rng = random.Random(folder.name)
    for n in range(BENT_PER_SPEAKER):
        how = {
            "pitch": 2 ** rng.uniform(-0.55, 0.55),
            "range": rng.uniform(0.6, 1.5),
            "tract": 2 ** rng.uniform(-0.28, 0.28),
            "wave": rng.uniform(0, 0.06),
            "wave_hz": rng.uniform(1200, 4000),
            "phase": rng.uniform(0, 6.28),
            "tilt_db": rng.uniform(-6, 6),
        }
        save(out, f"bent-{folder.name}-{n:02}", [bend(u, how) for u in utterances])


def lines(language):
    """Sentences to read; in languages that the project has none of, the English ones serve."""
    texts = [json.loads(line)["text"] for path in sorted(LINES.glob("*.jsonl")) for line in path.open()
             if json.loads(line)["lang"] == ("nl" if language == "nl" else "en")]
    return [t for t in texts if len(t.split()) >= 7]


def espeak(job):
    number, out = job
    rng = random.Random(number)
    language = rng.choice(LANGUAGES)
    voice = language + rng.choice(VARIANTS)
    pitch, rate = rng.randint(15, 85), rng.randint(130, 190)
    utterances = []
    for text in rng.sample(lines(language), ESPEAK_LINES):
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            done = subprocess.run(["espeak-ng", "-v", voice, "-p", str(pitch), "-s", str(rate), "-w", file.name, text],
                                  capture_output=True, check=False)
            if done.returncode != 0:
                raise SystemExit(f"espeak-ng -v {voice}: {done.stderr.decode()}")
            samples, its_rate = soundfile.read(file.name)
        # From 22,050 Hz: a band-limited read at 16,000.
        from scipy.signal import resample_poly
        utterances.append(pack(resample_poly(samples, RATE, its_rate)))
    save(out, f"espeak-{number:03}", utterances)


def main(real, out):
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    with Pool() as pool:
        pool.map(speaker, [(folder, out) for folder in sorted(Path(real).iterdir()) if folder.is_dir()], 1)
        pool.map(espeak, [(n, out) for n in range(ESPEAK_VOICES)], 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
