"""Word error rates through whisper.cpp, the figures of the model card.

    python evaluate.py MODEL.bin [--only roleplays,heldout,unseen,nothing] [--rates 8000,22050] [--limit N]

Decodes as crate `transcribe` does: language pinned, one segment, no timestamps, greedy without fallback,
`audio_ctx` the clip's length and a margin, in steps of 32.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
from pywhispercpp.model import Model

from common import REPO, SAMPLE_RATE, fail, word_errors, work_dir
from synth import espeak, nothing, voice

CONTEXT_STEP = 32
SHORTEST_S = 0.5
PRE_ROLL_S, HANG_OVER_S = 0.2, 0.3
# A voice activity detector closes an utterance at a pause like this.
PAUSE_S = 0.35
RATE_WPM, PITCH = 155, 50
SPEECH_LEVEL = 0.004  # RMS of 10 ms; the roleplays' noise floor lies at 0.0006


class Recognizer:
    def __init__(self, path: Path, margin: int):
        self.margin = margin
        self.model = Model(
            str(path), redirect_whispercpp_logs_to=None, n_threads=1, single_segment=True, no_timestamps=True,
            no_context=True, print_progress=False, suppress_blank=True, temperature_inc=0.0,
        )
        self.seconds = self.clips = 0

    def text(self, x: np.ndarray, lang: str) -> str:
        x = np.pad(x, (0, max(0, int(SHORTEST_S * SAMPLE_RATE) - len(x))))
        needed = -(-len(x) // 320) + self.margin
        audio_ctx = min(1500, -(-needed // CONTEXT_STEP) * CONTEXT_STEP)
        start = time.perf_counter()
        segments = self.model.transcribe(x.astype(np.float32), language=lang, audio_ctx=audio_ctx)
        self.seconds, self.clips = self.seconds + time.perf_counter() - start, self.clips + 1
        return " ".join(s.text for s in segments).strip()


def through(x: np.ndarray, rate: int | None) -> np.ndarray:
    """The samples after a detour over another sample rate."""
    return x if rate is None else soxr.resample(soxr.resample(x, SAMPLE_RATE, rate), rate, SAMPLE_RATE)


def pieces(x: np.ndarray) -> list[np.ndarray]:
    """The stretches between pauses, each with its pre-roll and hang-over."""
    n = len(x) // 160
    loud = np.sqrt((x[: n * 160].reshape(n, 160) ** 2).mean(1)) > SPEECH_LEVEL
    at = np.flatnonzero(loud)
    if not len(at):
        return []
    breaks = np.flatnonzero(np.diff(at) > PAUSE_S * 100)
    starts, ends = [at[0], *at[breaks + 1]], [*at[breaks], at[-1]]
    cut = lambda a, b: x[max(0, int(a * 160 - PRE_ROLL_S * SAMPLE_RATE)) : int((b + 1) * 160 + HANG_OVER_S * SAMPLE_RATE)]  # noqa: E731
    return [cut(a, b) for a, b in zip(starts, ends)]


def roleplays(recognizer: Recognizer, rates: list[int | None], show: bool) -> None:
    for path in sorted((REPO / "assets/roleplays").glob("*.flac")):
        x, rate = sf.read(path, dtype="float32")
        if rate != SAMPLE_RATE:
            fail(f"{path} is not 16 kHz; render it again")
        turns = [json.loads(line) for line in path.with_suffix(".jsonl").read_text().splitlines()]
        for detour in rates:
            spoiled = through(x, detour)
            for cut in ("pauses",) if detour else ("turns", "pauses"):
                errors = total = 0
                for turn in turns:
                    a, b = (int(turn[k] * SAMPLE_RATE) for k in ("start_s", "end_s"))
                    clip = spoiled[max(0, a - 5000) : b + 5600]
                    parts = pieces(clip) if cut == "pauses" else [clip]
                    text = " ".join(recognizer.text(p, turn["lang"]) for p in parts)
                    e, n = word_errors(text, turn["text"])
                    errors, total = errors + e, total + n
                    if show and e and detour is None:
                        print(f"    {e}/{n} {turn['text']!r} → {text!r}")
                print(f"{path.stem}, {detour or 'as it is'}, cut by {cut}: {100 * errors / total:.1f} % of {total} words", flush=True)


def spoken(recognizer: Recognizer, name: str, rows: list[tuple[str, str]], rates: list[int | None], show: bool) -> None:
    """Sentences by each of the two voices of a language."""
    for lang in ("nl", "en"):
        texts = [t for row_lang, t in rows if row_lang == lang]
        for detour in rates:
            errors = total = 0
            for text in texts:
                for variant in ("", "+f3"):
                    x = espeak(text, voice(lang, variant), RATE_WPM, PITCH)
                    x = np.pad(0.5 * x, (int(PRE_ROLL_S * SAMPLE_RATE), int(HANG_OVER_S * SAMPLE_RATE)))
                    heard = recognizer.text(through(x, detour), lang)
                    e, n = word_errors(heard, text)
                    errors, total = errors + e, total + n
                    if show and e and detour is None:
                        print(f"    {e}/{n} {text!r} → {heard!r}")
            print(f"{name} {lang}, {detour or 'as it is'}: {100 * errors / total:.1f} % of {total} words ({len(texts)} sentences, two voices)", flush=True)


def unseen() -> list[tuple[str, str]]:
    lines = (Path(__file__).parent / "unseen.tsv").read_text().splitlines()
    rows = [tuple(line.split("\t")) for line in lines if line and not line.startswith("#")]
    source = work_dir() / "texts.jsonl"
    if source.is_file():
        trained = {json.loads(line)["text"] for line in source.read_text().splitlines()}
        if both := trained & {t for _, t in rows}:
            fail(f"unseen.tsv and the training text share {len(both)} sentences; replace them in unseen.tsv")
    return rows


def silence(recognizer: Recognizer) -> None:
    rng = random.Random(5)
    heard = [recognizer.text(nothing(rng), lang) for lang in ("nl", "en") for _ in range(50)]
    wrong = [h for h in heard if any(c.isalnum() for c in h)]
    print(f"silence, noise, clicks: text on {len(wrong)} of {len(heard)} clips", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--only", default="roleplays,unseen,heldout,nothing")
    parser.add_argument("--rates", default="", help="further sample rates to go through, comma-separated")
    parser.add_argument("--limit", type=int, default=0, help="at most so many held-out sentences a language")
    parser.add_argument("--margin", type=int, default=32, help="encoder frames beyond the clip")
    parser.add_argument("--show", action="store_true", help="print what was misheard in project-written text")
    args = parser.parse_args()
    recognizer = Recognizer(args.model, args.margin)
    rates = [None] + [int(r) for r in args.rates.split(",") if r]
    only = args.only.split(",")
    if "roleplays" in only:
        roleplays(recognizer, rates, args.show)
    if "nothing" in only:
        silence(recognizer)
    if "unseen" in only:
        spoken(recognizer, "unseen", unseen(), rates, args.show)
    if "heldout" in only:
        rows = [json.loads(line) for line in (work_dir() / "heldout.jsonl").read_text().splitlines()]
        rows = [(r["lang"], r["text"]) for r in rows]
        if args.limit:
            rows = [r for lang in ("nl", "en") for r in [r for r in rows if r[0] == lang][: args.limit]]
        spoken(recognizer, "held out", rows, rates, False)
    print(f"{1000 * recognizer.seconds / max(1, recognizer.clips):.0f} ms a clip, {recognizer.clips} clips, one thread")


if __name__ == "__main__":
    main()
