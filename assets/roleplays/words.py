"""Where each word of an utterance lies in the speech of espeak-ng, as espeak-ng itself reports it.

    python words.py VOICE WORDS_PER_MINUTE PITCH < TEXT

prints one JSON object: `rate_hz`; `samples` (base64 of little-endian 16 bits), the same as `espeak-ng -w` writes;
and `bounds`, the first sample of each white-space word, pauses not yet taken off. render.py runs it as a process of
its own for every utterance, because libespeak-ng keeps state (and hangs when it is initialised twice).
"""

import array
import base64
import bisect
import ctypes
import itertools
import json
import re
import sys

# From espeak-ng/speak_lib.h.
SYNCHRONOUS = 2
PHONEME_EVENTS = 0x0001
RATE, PITCH = 1, 3
VOICE_FOUND = 0
POS_CHARACTER = 1
CHARS_AUTO = 0
CHARS_UTF8 = 1
# What the command line passes: phoneme codes in [[…]] and a pause at the end.
FLAGS = CHARS_AUTO | 0x0100 | 0x1000
EVENT_END, EVENT_WORD, EVENT_PHONEME = 0, 1, 7
# Phonemes that are no sound: pauses and the marks of a glottal stop or a break.
SILENT = "_"
LONGEST_BREAK_S = 0.02


class Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", Id),
    ]


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))


def main(voice, words_per_minute, pitch):
    text = sys.stdin.read()
    lib = ctypes.CDLL("libespeak-ng.so.1")
    rate_hz = lib.espeak_Initialize(SYNCHRONOUS, 0, None, PHONEME_EVENTS)
    if rate_hz <= 0 or lib.espeak_SetVoiceByName(voice.encode()) != VOICE_FOUND:
        sys.exit(f"libespeak-ng has no voice {voice}")
    samples, words, phonemes = synthesize(lib, text, int(words_per_minute), int(pitch))
    bounds = place(lib, text, words, phonemes, rate_hz, len(samples))
    if sys.byteorder == "big":
        samples.byteswap()
    encoded = base64.b64encode(samples.tobytes()).decode()
    print(json.dumps({"rate_hz": rate_hz, "samples": encoded, "bounds": bounds}))


def synthesize(lib, text, words_per_minute, pitch):
    """The samples; (position in the text, sample) of each word event; the sample at which each phoneme starts."""
    samples, words, phonemes = array.array("h"), [], []

    def heard(wav, count, events):
        for event in itertools.takewhile(lambda e: e.type != EVENT_END, (events[i] for i in itertools.count())):
            # Now and then a word of length 0 stands at the end of a clause; it is none.
            if event.type == EVENT_WORD and event.length > 0:
                words.append((event.text_position - 1, event.sample))
            elif event.type == EVENT_PHONEME and not event.id.string.decode().startswith(SILENT):
                phonemes.append(event.sample)
        if wav and count:
            samples.frombytes(ctypes.string_at(wav, 2 * count))
        return 0

    callback = CALLBACK(heard)
    lib.espeak_SetSynthCallback(callback)
    lib.espeak_SetParameter(RATE, words_per_minute, 0)
    lib.espeak_SetParameter(PITCH, pitch, 0)
    encoded = text.encode() + b"\0"
    if lib.espeak_Synth(encoded, ctypes.c_size_t(len(encoded)), 0, POS_CHARACTER, 0, FLAGS, None, None) != 0:
        sys.exit(f"libespeak-ng cannot speak: {text}")
    lib.espeak_Synchronize()
    return samples, words, phonemes


def place(lib, text, events, phonemes, rate_hz, length):
    """The first sample of each white-space word of `text`."""
    spans = [m.span() for m in re.finditer(r"\S+", text)]
    starts = [start for start, _ in spans]
    bounds = [None] * len(spans)
    for position, sample in events:
        word = bisect.bisect_right(starts, position) - 1
        # Of several events in a word ("zo'n", "25") the first one counts.
        if 0 <= word and bounds[word] is None:
            # The event stands before the break of 13 ms that many words begin with; the closure of a stop is longer.
            onset = next((p for p in phonemes if p >= sample), sample)
            bounds[word] = onset if onset - sample <= LONGEST_BREAK_S * rate_hz else sample
    if bounds[0] is None:
        sys.exit(f"libespeak-ng did not report the first word of: {text}")
    # espeak-ng speaks some neighbours as one word ("of the", "in de"): they share its phonemes, as many each as it
    # has when it is spoken alone.
    first = 0
    while first < len(bounds):
        after = first + 1
        while after < len(bounds) and bounds[after] is None:
            after += 1
        if after - first > 1:
            end = bounds[after] if after < len(bounds) else length
            inside = [p for p in phonemes if bounds[first] <= p < end]
            counts = [count_phonemes(lib, text[slice(*spans[i])]) for i in range(first, after)]
            for i in range(1, after - first):
                share = len(inside) * sum(counts[:i]) / sum(counts)
                bounds[first + i] = inside[min(max(round(share), i), len(inside) - 1)]
        first = after
    if bounds != sorted(bounds):
        sys.exit(f"libespeak-ng reported words out of order: {text}")
    return bounds


def count_phonemes(lib, word):
    lib.espeak_TextToPhonemes.restype = ctypes.c_char_p
    pointer = ctypes.c_char_p(word.encode())
    # Bit 8 and up: the character between phonemes.
    said = lib.espeak_TextToPhonemes(ctypes.byref(pointer), CHARS_UTF8, ord("-") << 8) or b""
    return max(1, len([p for p in re.split(r"[-\s]+", said.decode()) if p.strip("_|:!',;")]))


if __name__ == "__main__":
    main(*sys.argv[1:])
