#!/usr/bin/env python3
"""Renders the roleplay scripts to audio: NAME.tsv -> NAME.flac and NAME.jsonl.

Usage: ./render.py [--words-only] [NAME.tsv ...]      (without names: every script beside this file)

--words-only writes the times of the words into a NAME.jsonl that is there, and nothing else; it stops if
the script would not give the samples of NAME.flac, or would change another field of NAME.jsonl.

Needs espeak-ng (the program and the library), sox and flac, and nothing but the standard library of
Python. The same script gives the same samples every time: espeak-ng is deterministic, sox resamples
without dither, and the noise comes from a generator seeded with the script's name. The rendered files are
committed, so nobody needs this to run the demo or the tests. The format of the scripts is described in
README.md.
"""

import array
import base64
import json
import math
import random
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

HERE = Path(__file__).resolve().parent
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


def main(arguments):
    names = [a for a in arguments if not a.startswith("-")]
    options = [a for a in arguments if a.startswith("-")]
    if [o for o in options if o != "--words-only"]:
        sys.exit(__doc__)
    scripts = [Path(n) for n in names] or sorted(HERE.glob("*.tsv"))
    for script in scripts:
        render(script, words_only="--words-only" in options)


def render(script, words_only):
    header, rows = read_script(script)
    voices = dict(pair.split("=") for pair in header["voices"].split())
    samples = array.array("h")
    lines = []
    with tempfile.TemporaryDirectory() as tmp:
        for row in rows:
            samples.extend([0] * (RATE_HZ * int(row["pause_ms"]) // 1000))
            speaker = SPEAKERS[row["speaker"]]
            clip, words = speak(row["text"], voices[speaker], Path(tmp))
            start = len(samples)
            samples.extend(clip)
            line = line_of(script.stem, header["lang"], row, speaker, start, len(samples))
            line["words"] = [
                {"text": text, "start_s": seconds(start + first), "end_s": seconds(start + end)}
                for text, first, end in words
            ]
            lines.append(line)
        samples.extend([0] * int(RATE_HZ * TAIL_S))
        add_noise(samples, script.stem, float(header.get("noise_dbfs", NOISE_DBFS)))
        if words_only:
            check_same(script, samples, lines, Path(tmp))
        else:
            write_flac(samples, script.with_suffix(".flac"), Path(tmp))
    with open(script.with_suffix(".jsonl"), "w", encoding="utf-8") as out:
        for line in lines:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    print(f"{script.stem}: {len(rows)} utterances, {len(samples) / RATE_HZ:.1f} s")


def check_same(script, samples, lines, tmp):
    """Stops unless NAME.flac holds `samples`, and NAME.jsonl `lines` with other words at most."""
    decoded = tmp / "decoded.wav"
    run(["flac", "--silent", "--decode", "--output-name", str(decoded), str(script.with_suffix(".flac"))])
    if read_wav(decoded) != samples:
        sys.exit(f"{script}: the script does not give the samples of {script.stem}.flac: render it anew")
    before = [json.loads(line) for line in script.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()]
    if [without_words(line) for line in before] != [without_words(line) for line in lines]:
        sys.exit(f"{script}: {script.stem}.jsonl is not of this script: render it anew")


def without_words(line):
    return [(key, value) for key, value in line.items() if key != "words"]


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
    if "text_of" in header:
        if rows:
            sys.exit(f"{script}: it has text_of and utterances of its own")
        other, rows = read_script(script.with_name(header["text_of"] + ".tsv"))
        header = {**other, **header}
        rows = rows[: int(header.get("first", len(rows)))]
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
        "start_s": seconds(start),
        "end_s": seconds(end),
        "codes": row["codes"].split(","),
        "expect": None if row["expect"] == "-" else row["expect"],
        "stretch": None if row["stretch"] == "-" else row["stretch"],
    }


def seconds(samples):
    return round(samples / RATE_HZ, 3)


def speak(text, voice, tmp):
    """The utterance at 16 kHz, without the silence before and after it; its words: (text, first sample, end)."""
    raw, resampled = tmp / "raw.wav", tmp / "16k.wav"
    run(["espeak-ng", "-v", voice, "-s", str(WORDS_PER_MINUTE), "-p", str(PITCH), "-w", str(raw), "--stdin"], text)
    # -D: no dither, which would be random; gain first, so that the resampling filter cannot clip.
    run(["sox", "-D", "-v", str(SPEECH_GAIN), str(raw), "-b", "16", "-r", str(RATE_HZ), "-c", "1", str(resampled)])
    clip = read_wav(resampled)
    loud = [i for i in range(0, len(clip), FRAME) if sounds(clip[i : i + FRAME])]
    if not loud:
        sys.exit(f"espeak-ng gave no sound for: {text}")
    bounds = [round(b) - loud[0] for b in word_bounds(text, voice, raw)]
    clip = clip[loud[0] : loud[-1] + FRAME]
    return clip, list(zip(text.split(), *spans(bounds, clip)))


def sounds(frame):
    return rms(frame) > 32768 * 10 ** (SPEECH_FLOOR_DBFS / 20)


def word_bounds(text, voice, raw):
    """Where each word starts in `raw` by the events of libespeak-ng, in samples at 16 kHz."""
    command = [sys.executable, str(HERE / "words.py"), voice, str(WORDS_PER_MINUTE), str(PITCH)]
    said = json.loads(run(command, text))
    if base64.b64decode(said["samples"]) != read_wav(raw).tobytes():
        sys.exit(f"libespeak-ng and espeak-ng differ in: {text}")
    return [b * RATE_HZ / said["rate_hz"] for b in said["bounds"]]


def spans(bounds, clip):
    """First samples and ends of the words: from each bound to the next, less the frames without sound at both sides."""
    # What sounds before the first event belongs to the first word.
    bounds = [0] + [min(max(b, 0), len(clip)) for b in bounds[1:]] + [len(clip)]
    firsts, ends = [], []
    for first, end in zip(bounds, bounds[1:]):
        # The frames that `clip` was cut by; the word has a part of the outer ones. A sliver tells nothing.
        edges = [first, *range((first // FRAME + 1) * FRAME, end, FRAME), end]
        parts = [(a, b) for a, b in zip(edges, edges[1:]) if b - a >= FRAME // 4 and sounds(clip[a:b])]
        if not parts:
            sys.exit(f"a word without sound at {first / RATE_HZ:.3f} s of an utterance")
        firsts.append(first if parts[0][0] - first < FRAME // 4 else parts[0][0])
        ends.append(end if end - parts[-1][1] < FRAME // 4 else parts[-1][1])
    return firsts, ends


def rms(frame):
    return math.sqrt(sum(s * s for s in frame) / len(frame))


def add_noise(samples, seed, dbfs):
    rng = random.Random(seed)
    level = 32768 * 10 ** (dbfs / 20)
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
    return done.stdout


if __name__ == "__main__":
    main(sys.argv[1:])
