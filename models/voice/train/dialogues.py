"""Assembles dialogues of two people from recordings of single speakers, with the truth beside them.

    python dialogues.py VOICES OUT [--seed 1] [--each 1]

VOICES holds one folder of recordings (16 kHz) per speaker. For every ordered pair of speakers, OUT gets dialogues in
four conditions: `clean`; `room20` and `room10` (a simulated room, noise 20 and 10 dB under the speech), `room5`; and
`third`, clean, in which a third person joins. NAME.wav, NAME.rttm (names practitioner, client, other) and NAME.enrol.wav:
ten seconds of the practitioner, clean, from recordings that the dialogue does not use.

Turns of 1 to 15 s, one in six a back-channel of 0.3 to 0.8 s; from one to the next 0.2 s of overlap to 1.0 s of silence.
`gids bench speakers OUT` measures on them.
"""

import argparse
import random
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import fftconvolve

from augment import RATE, coloured, rooms

CONDITIONS = {"clean": None, "room20": 20, "room10": 10, "room5": 5, "third": None}
LENGTH_S = 100
ENROL_FILES = 4


def power(x):
    return float(np.mean(x**2)) + 1e-12


def quiet(samples, at):
    """The quietest place within 150 ms."""
    places = range(max(at - 2400, 0), min(at + 2400, len(samples) - 320) + 1, 80)
    return min(places, key=lambda i: power(samples[i:i + 320]), default=at)


def trimmed(samples):
    """Without the silence at its ends."""
    loud = np.flatnonzero(np.convolve(samples**2, np.ones(320) / 320, "same") > 0.003 * np.quantile(samples**2, 0.99))
    return samples[loud[0]:loud[-1]] if len(loud) else samples


def turn(rng, recordings, seconds):
    samples = recordings[rng.randrange(len(recordings))]
    length = min(int(seconds * RATE), len(samples))
    start = quiet(samples, rng.randrange(max(len(samples) - length, 0) + 1))
    end = quiet(samples, min(start + length, len(samples)))
    cut = trimmed(samples[start:max(end, start + int(0.3 * RATE))]).copy()
    fade = np.linspace(0, 1, 80)
    cut[:80] *= fade[: len(cut[:80])]
    cut[-80:] *= fade[::-1][: len(cut[-80:])]
    return cut


def dialogue(rng, people, response):
    """The samples and the turns, (name, start, end)."""
    turns, at, out = [], 0.5, np.zeros(int((LENGTH_S + 30) * RATE))
    names = list(people)
    name = rng.choice(names[:2])
    while at < LENGTH_S:
        draw = rng.random()
        seconds = rng.uniform(0.3, 0.8) if draw < 1 / 6 else rng.uniform(1, 5) if draw < 0.7 else rng.uniform(5, 15)
        cut = turn(rng, people[name], seconds)
        first = int(at * RATE)
        turns.append((name, at, at + len(cut) / RATE))
        if response is not None:
            cut = fftconvolve(cut, response[names.index(name)])
            cut *= 0.05 / np.sqrt(power(cut))
        out[first:first + len(cut)] += cut[: len(out) - first]
        at = turns[-1][2] + rng.uniform(-0.2, 1.0)
        others = [n for n in names if n != name]
        name = others[0] if len(others) == 1 or rng.random() < 0.6 else others[1]
    return out[: int((turns[-1][2] + 0.8) * RATE)], turns


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("voices")
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=1)
    args = parser.parse_args()
    voices = {}
    for folder in sorted(p for p in Path(args.voices).iterdir() if p.is_dir()):
        files = sorted(p for p in folder.iterdir() if p.suffix in (".flac", ".wav"))
        recordings = [soundfile.read(f)[0] for f in files]
        # All as loud as the others, as far as one microphone between two people makes them.
        voices[folder.name] = [x * 0.05 / np.sqrt(power(x)) for x in recordings]
    pairs = [(a, b) for a in voices for b in voices if a != b]
    for number, (a, b) in enumerate(pairs):
        for condition, snr in CONDITIONS.items():
            for n in range(args.each):
                seed = 1000 * args.seed + 10 * number + n
                rng, noise_rng = random.Random(f"{seed} {condition}"), np.random.default_rng(seed)
                people = {"practitioner": voices[a][ENROL_FILES:], "client": voices[b]}
                if condition == "third":
                    people["other"] = voices[next(c for c in list(voices)[number % 2::1] + list(voices) if c not in (a, b))]
                response = rooms(3, 5000 + seed) if snr is not None else None
                samples, turns = dialogue(rng, people, response)
                if snr is not None:
                    noise = coloured(noise_rng, len(samples))
                    spoken = np.concatenate([samples[int(s * RATE):int(e * RATE)] for _, s, e in turns])
                    samples = samples + noise * np.sqrt(power(spoken) / power(noise) * 10 ** (-snr / 10))
                folder = Path(args.out) / condition
                folder.mkdir(parents=True, exist_ok=True)
                stem = folder / f"{a}-{b}-{n}"
                peak = max(1.0, np.abs(samples).max() / 0.95)
                soundfile.write(f"{stem}.wav", samples / peak, RATE, subtype="PCM_16")
                read = np.concatenate(voices[a][:ENROL_FILES])[: 10 * RATE]
                soundfile.write(f"{stem}.enrol.wav", read, RATE, subtype="PCM_16")
                with open(f"{stem}.rttm", "w") as file:
                    for name, start, end in turns:
                        file.write(f"SPEAKER {stem.name} 1 {start:.3f} {end - start:.3f} <NA> <NA> {name} <NA> <NA>\n")


if __name__ == "__main__":
    main()
