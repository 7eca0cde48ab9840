#!/usr/bin/env python3
"""Renders the roleplay scripts to audio: NAME.tsv -> NAME.flac and NAME.jsonl.

Usage: ./render.py [NAME.tsv ...]      (without names: every script beside this file)

Needs espeak-ng, sox and flac on the PATH, and nothing but the standard library of Python. The same
script gives the same samples every time: espeak-ng is deterministic, sox resamples without dither, and
the noise comes from a generator seeded with the script's name. The rendered files are committed, so
nobody needs this to run the demo or the tests. The format of the scripts is described in README.md.
"""

import array
import json
import math
import random
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

RATE_HZ = 16_000
WORDS_PER_MINUTE = 152
PITCH = 50
# espeak-ng speaks near full scale; half of it leaves headroom, as a microphone on a table does.
SPEECH_GAIN = 0.5
NOISE_DBFS = -65.0
# A one-pole low-pass: the hum and rustle of a room falls off towards high frequencies.
NOISE_POLE = 0.97
TAIL_S = 1.5
# Speech starts and ends where the 10 ms RMS first and last exceeds this; espeak's own silence is exact 0.
SPEECH_FLOOR_DBFS = -50.0
FRAME = RATE_HZ // 100
SPEAKERS = {"P": "practitioner", "C": "client"}
COLUMNS = ["id", "speaker", "codes", "expect", "stretch", "pause_ms", "text"]


def main(names):
    here = Path(__file__).resolve().parent
    scripts = [Path(n) for n in names] or sorted(here.glob("*.tsv"))
    for script in scripts:
        render(script)


def render(script):
    header, rows = read_script(script)
    voices = dict(pair.split("=") for pair in header["voices"].split())
    samples = array.array("h")
    lines = []
    with tempfile.TemporaryDirectory() as tmp:
        for row in rows:
            samples.extend([0] * (RATE_HZ * int(row["pause_ms"]) // 1000))
            speaker = SPEAKERS[row["speaker"]]
            clip = speak(row["text"], voices[speaker], Path(tmp))
            start = len(samples)
            samples.extend(clip)
            lines.append(line_of(script.stem, header["lang"], row, speaker, start, len(samples)))
        samples.extend([0] * int(RATE_HZ * TAIL_S))
        add_noise(samples, script.stem)
        write_flac(samples, script.with_suffix(".flac"), Path(tmp))
    with open(script.with_suffix(".jsonl"), "w", encoding="utf-8") as out:
        for line in lines:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    print(f"{script.stem}: {len(rows)} utterances, {len(samples) / RATE_HZ:.1f} s")


def read_script(script):
    header, rows = {}, []
    for number, raw in enumerate(script.read_text(encoding="utf-8").splitlines(), 1):
        if raw.startswith("#"):
            key, _, value = raw[1:].partition(":")
            header[key.strip()] = value.strip()
        elif raw.strip():
            cells = raw.split("\t")
            if len(cells) != len(COLUMNS) or cells[1] not in SPEAKERS:
                sys.exit(f"{script}:{number}: want the columns {', '.join(COLUMNS)}, tab-separated")
            rows.append(dict(zip(COLUMNS, cells)))
    for key in ("title", "lang", "voices"):
        if key not in header:
            sys.exit(f"{script}: the header lacks '# {key}: ...'")
    return header, rows


def line_of(name, lang, row, speaker, start, end):
    return {
        "id": row["id"],
        "conversation": name,
        "speaker": speaker,
        "lang": lang,
        "text": row["text"],
        "start_s": round(start / RATE_HZ, 3),
        "end_s": round(end / RATE_HZ, 3),
        "codes": row["codes"].split(","),
        "expect": None if row["expect"] == "-" else row["expect"],
        "stretch": None if row["stretch"] == "-" else row["stretch"],
    }


def speak(text, voice, tmp):
    """The utterance at 16 kHz, without the silence before and after it."""
    raw, resampled = tmp / "raw.wav", tmp / "16k.wav"
    run(["espeak-ng", "-v", voice, "-s", str(WORDS_PER_MINUTE), "-p", str(PITCH), "-w", str(raw), "--stdin"], text)
    # -D: no dither, which would be random; gain first, so that the resampling filter cannot clip.
    run(["sox", "-D", "-v", str(SPEECH_GAIN), str(raw), "-b", "16", "-r", str(RATE_HZ), "-c", "1", str(resampled)])
    clip = read_wav(resampled)
    floor = 32768 * 10 ** (SPEECH_FLOOR_DBFS / 20)
    loud = [i for i in range(0, len(clip), FRAME) if rms(clip[i : i + FRAME]) > floor]
    if not loud:
        sys.exit(f"espeak-ng gave no sound for: {text}")
    return clip[loud[0] : loud[-1] + FRAME]


def rms(frame):
    return math.sqrt(sum(s * s for s in frame) / len(frame))


def add_noise(samples, seed):
    rng = random.Random(seed)
    level = 32768 * 10 ** (NOISE_DBFS / 20)
    # The variance of the filtered noise is drive^2 / (1 - pole^2).
    drive = level * math.sqrt(1 - NOISE_POLE**2)
    state = 0.0
    for i, sample in enumerate(samples):
        state = NOISE_POLE * state + drive * rng.gauss(0.0, 1.0)
        samples[i] = max(-32768, min(32767, sample + round(state)))


def read_wav(path):
    with wave.open(str(path), "rb") as wav:
        return array.array("h", wav.readframes(wav.getnframes()))


def write_flac(samples, path, tmp):
    whole = tmp / "whole.wav"
    with wave.open(str(whole), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes(samples.tobytes())
    run(["flac", "--silent", "--force", "--best", "--output-name", str(path), str(whole)])


def run(command, text=None):
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed: {done.stderr.strip()}")


if __name__ == "__main__":
    main(sys.argv[1:])
