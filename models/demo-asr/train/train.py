"""Trains the demo speech model on rendered sets; resumes from its last checkpoint.

    python train.py --sets 'talk*,roleplay*:2' --steps 12000

`:2` takes every clip of a set twice a pass. The sets are looked up anew before every pass, so that
rendering may go on beside the training. SIGTERM or Ctrl-C: saves and ends.

Checkpoints, with optimizer and running average, go to $GIDS_ASR_WORK/checkpoint.pt. Starts from
`models/demo-asr-first.pt` of the shared folder (`--from-scratch`: from nothing, with guided attention).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import signal
import time
import unicodedata

import numpy as np
import torch
import torch.nn.functional as F

from common import EOT, LANGUAGES, N_MELS, N_VOCAB, NO_TIMESTAMPS, SOT, TRANSCRIBE, fail, floor_of, shared_dir, tokenizer, word_errors, work_dir
from model import SmallWhisper

WIDTH, HEADS = 192, 3
CHARACTERS = {c: i + 1 for i, c in enumerate("abcdefghijklmnopqrstuvwxyz0123456789 '")}
PROMPT = 4  # start, language, task, no timestamps
WARM_UP = 200
CTC_WEIGHT = 0.5
CLIP_NORM = 1.0
AVERAGE_EVERY, AVERAGE_DECAY = 4, 0.99
# Whisper filters lie on a mel scale: the first whose band starts above 3.4, 3.7, 4.0 kHz.
BAND_LIMITS = (50, 52, 54)
# whisper.cpp forbids <|endoftext|> as the first token unless told otherwise; a full stop is the second choice on silence.
EMPTY_TEXTS = ("", "", "", " .")

STOP: list[bool] = []  # not empty once a signal asked for the end


class Clips:
    """Rendered clips in memory, with their token and character targets."""

    def __init__(self, names: list[str], rows: dict[int, int], encoding):
        self.frames, self.clips = [], []
        folder = work_dir() / "sets"
        repeats = {}
        for name in names:
            pattern, _, times = name.partition(":")
            repeats |= {p: int(times or 1) for p in sorted(folder.glob(f"{pattern}.json"))}
        if not repeats:
            fail(f"no sets like {','.join(names)} in {folder}; render them with synth.py")
        for index, (path, times) in enumerate(repeats.items()):
            self.frames.append(np.load(path.with_suffix(".npy"), mmap_mode="r"))
            for offset, length, lang, text in json.loads(path.read_text()):
                tokens = [rows.get(t, len(rows)) for t in encoding.encode(" " + text)] if text else []
                self.clips += [(index, offset, length, lang, text, tokens, characters(text))] * times

    def mel(self, clip: tuple) -> np.ndarray:
        return np.asarray(self.frames[clip[0]][clip[1] : clip[1] + clip[2]], dtype=np.float32)


def characters(text: str) -> list[int]:
    """CTC targets: letters without accents, digits, spaces."""
    return [CHARACTERS[c] for c in unicodedata.normalize("NFD", text.lower()) if c in CHARACTERS]


def mask(mel: np.ndarray, length: int, rng: random.Random) -> None:
    """SpecAugment: two bands and two stretches of time, in place, [80, frames]."""
    mean = mel[:, :length].mean()
    for _ in range(2):
        width = rng.randint(0, 10)
        low = rng.randint(0, N_MELS - width)
        mel[low : low + width] = mean
        time_width = rng.randint(0, min(14, length // 12))
        start = rng.randint(0, length - time_width)
        mel[:, start : start + time_width] = mean


def make_batch(data: Clips, clips: list[tuple], rows: dict[int, int], encoding, rng: random.Random, spec: bool):
    """(mel [batch, 80, frames], tokens in, targets or -100, valid frames, character targets)."""
    leads = [rng.choice([0, 0, rng.randint(1, 30)]) for _ in clips]
    frames = max(c[2] + lead for c, lead in zip(clips, leads)) + rng.choice([0, 0, 0, 40])
    frames += frames % 2
    mel = np.empty((len(clips), N_MELS, frames), np.float32)
    sequences = []
    for j, (clip, lead) in enumerate(zip(clips, leads)):
        x = data.mel(clip)
        floor = floor_of(x)
        mel[j] = floor
        mel[j, :, lead : lead + clip[2]] = x.T
        if rng.random() < 0.05:
            mel[j, rng.choice(BAND_LIMITS) :] = floor
        if clip[4]:
            mel[j] += rng.uniform(-0.25, 0.1)
        if spec and clip[4]:
            mask(mel[j], lead + clip[2], rng)
        tokens = clip[5] or [rows[t] for t in encoding.encode(rng.choice(EMPTY_TEXTS))]
        sequences.append([rows[SOT], rows[LANGUAGES[clip[3]]], rows[TRANSCRIBE], rows[NO_TIMESTAMPS], *tokens, rows[EOT]])
    longest = max(map(len, sequences))
    inputs = torch.zeros((len(clips), longest), dtype=torch.long)
    targets = torch.full((len(clips), longest - 1), -100)
    for j, sequence in enumerate(sequences):
        inputs[j, : len(sequence)] = torch.tensor(sequence)
        targets[j, PROMPT - 1 : len(sequence) - 1] = inputs[j, PROMPT : len(sequence)]
    valid = torch.tensor([(lead + c[2]) // 2 for c, lead in zip(clips, leads)])
    return torch.from_numpy(mel), inputs[:, :-1], targets, valid, [c[6] for c in clips]


def losses(model: SmallWhisper, batch, shared_row: int, guide: float):
    """(total, cross-entropy, CTC)."""
    mel, inputs, targets, valid, texts = batch
    encoded = model.encoder(mel)
    wanted = targets != -100
    hidden = model.decoder.hidden(inputs, encoded)
    logits = (hidden[wanted] @ model.decoder.token_embedding.weight.T).float()
    # The shared row stands for all the token ids that never occur.
    bias = torch.zeros(shared_row + 1)
    bias[shared_row] = math.log(N_VOCAB - shared_row)
    entropy = F.cross_entropy(logits + bias, targets[wanted])
    log_probabilities = model.ctc(encoded).float().log_softmax(-1).transpose(0, 1)
    ctc = F.ctc_loss(
        log_probabilities,
        torch.tensor([c for text in texts for c in text], dtype=torch.long),
        valid,
        torch.tensor([len(text) for text in texts]),
        zero_infinity=True,
    )
    total = entropy + CTC_WEIGHT * ctc
    if guide:
        total = total + guide * guidance(model, wanted, valid)
    return total, entropy, ctc


def guidance(model: SmallWhisper, wanted: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """How much attention of every first cross head lies off the diagonal (Gaussian, sigma 12 encoder frames)."""
    count = wanted.sum(1, keepdim=True)
    place = (wanted.cumsum(1) - 0.5).clamp(min=0) / count * valid[:, None]
    total = 0
    for block in model.decoder.blocks:
        weights = block.cross_attn.weights[:, 0]
        off = 1 - torch.exp(-((torch.arange(weights.shape[-1]) - place[..., None]) ** 2) / (2 * 12.0**2))
        total = total + ((weights * off).sum(-1) * wanted).sum() / wanted.sum()
    return total


@torch.no_grad()
def greedy(model: SmallWhisper, data: Clips, clips: list[tuple], used: list[int], rows: dict[int, int], encoding) -> list[str]:
    """Greedy texts without augmentation."""
    frames = max(c[2] for c in clips) + 60
    mel = np.empty((len(clips), N_MELS, frames + frames % 2), np.float32)
    for j, clip in enumerate(clips):
        x = data.mel(clip)
        mel[j] = floor_of(x)
        mel[j, :, : clip[2]] = x.T
    with torch.autocast("cpu", dtype=torch.bfloat16):
        encoded = model.encoder(torch.from_numpy(mel))
        tokens = torch.tensor([[rows[t] for t in (SOT, LANGUAGES[c[3]], TRANSCRIBE, NO_TIMESTAMPS)] for c in clips])
        done = torch.zeros(len(clips), dtype=torch.bool)
        for _ in range(70):
            following = (model.decoder.hidden(tokens, encoded)[:, -1] @ model.decoder.token_embedding.weight[:-1].T).argmax(-1)
            following[done] = rows[EOT]
            tokens = torch.cat([tokens, following[:, None]], 1)
            done |= following == rows[EOT]
            if done.all():
                break
    out = []
    for line in tokens[:, PROMPT:].tolist():
        ids = [used[i] for i in line]
        ids = ids[: ids.index(EOT)] if EOT in ids else ids
        out.append(encoding.decode([t for t in ids if t < EOT]).strip())
    return out


def held_out_report(model, data: Clips, used, rows, encoding, limit: int) -> str:
    """Word error rates on the first `limit` clips of each language."""
    parts = []
    for lang in LANGUAGES:
        clips = sorted([c for c in data.clips if c[3] == lang][:limit], key=lambda c: c[2])
        errors = total = 0
        for k in range(0, len(clips), 32):
            group = clips[k : k + 32]
            for text, clip in zip(greedy(model, data, group, used, rows, encoding), group):
                e, n = word_errors(text, clip[4])
                errors, total = errors + e, total + n
        parts.append(f"{lang} {100 * errors / max(1, total):.1f} %")
    return ", ".join(parts)


def batches(clips: list[tuple], frames: int, rng: random.Random) -> list[list[tuple]]:
    """One pass in batches of like length, about `frames` frames each."""
    clips = sorted(clips, key=lambda c: c[2] + rng.random() * 25)
    out, i = [], 0
    while i < len(clips):
        n = max(4, frames // (clips[min(i + 8, len(clips) - 1)][2] + 70))
        out.append(clips[i : i + n])
        i += n
    rng.shuffle(out)
    return out


class Run:
    """Model, optimizer, running average, and where they stand."""

    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.path = work_dir() / args.checkpoint
        self.step, self.elapsed = 0, 0.0
        first = shared_dir() / "models/demo-asr-first.pt"
        self.used = json.loads((shared_dir() / "models/vocab-used.json").read_text())
        saved = torch.load(self.path, weights_only=True) if self.path.is_file() else None
        if saved:
            self.used = saved["used"]
        else:
            self.used += self.new_tokens()
        self.rows = {t: i for i, t in enumerate(self.used)}
        self.model = SmallWhisper(len(self.used) + 1, WIDTH, HEADS, args.encoder_layers, args.decoder_layers, len(CHARACTERS) + 1)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), betas=(0.9, 0.98), weight_decay=0.01, fused=True)
        if saved:
            self.model.load_state_dict(saved["m"])
            self.optimizer.load_state_dict(saved["o"])
            self.step, self.elapsed = saved["step"], saved["elapsed"]
        elif not args.from_scratch:
            self.model.start_from(torch.load(first, weights_only=True)["m"])
        self.average = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        if saved:
            self.average = saved["ema"]

    def new_tokens(self) -> list[int]:
        """Token ids of the texts that the first vocabulary lacks, in a fixed order."""
        known, encoding = set(self.used), tokenizer()
        texts = [json.loads(line)["text"] for line in (work_dir() / "texts.jsonl").read_text().splitlines()]
        new = {t for text in [*texts, "."] for t in encoding.encode(" " + text)} - known
        print(f"{len(new)} new token ids", flush=True)
        return sorted(new)

    def progress(self) -> float:
        """0 to 1: by steps, or by time where that is further."""
        by_time = self.elapsed / (60 * self.args.minutes) if self.args.minutes else 0.0
        return min(1.0, max(self.step / self.args.steps, by_time))

    def rate(self) -> float:
        cosine = 0.5 * (1 + math.cos(math.pi * self.progress()))
        return self.args.lr * min(1.0, (self.step + 1) / WARM_UP) * max(0.01, cosine)

    def update_average(self) -> None:
        decay = min(AVERAGE_DECAY, (1 + self.step / AVERAGE_EVERY) / (10 + self.step / AVERAGE_EVERY))
        own = self.model.state_dict()
        floats = [k for k, v in own.items() if v.is_floating_point()]
        torch._foreach_lerp_([self.average[k] for k in floats], [own[k] for k in floats], 1 - decay)

    def save(self) -> None:
        part = self.path.with_suffix(".part")
        state = {"m": self.model.state_dict(), "o": self.optimizer.state_dict(), "ema": self.average}
        torch.save({**state, "step": self.step, "elapsed": self.elapsed, "used": self.used}, part)
        os.replace(part, self.path)


def train(run: Run, held: Clips | None) -> None:
    args, encoding = run.args, tokenizer()
    started, began = time.time() - run.elapsed, run.step
    log_at, log_step = time.time(), run.step
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: STOP.append(True))
    while run.progress() < 1:
        rng = random.Random(args.seed * 1_000_003 + run.step)
        data = Clips(args.sets.split(","), run.rows, encoding)
        print(f"pass over {len(data.clips)} clips, {sum(c[2] for c in data.clips) / 360_000:.1f} h", flush=True)
        for group in batches(data.clips, args.batch_seconds * 100, rng):
            guide = max(0.0, 2 * (1 - run.step / 4000)) if args.from_scratch else 0.0
            for block in run.model.decoder.blocks:
                block.cross_attn.keep_weights = guide > 0
            for parameters in run.optimizer.param_groups:
                parameters["lr"] = run.rate()
            spec = run.progress() > args.spec_from
            batch = make_batch(data, group, run.rows, encoding, rng, spec)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                total, entropy, ctc = losses(run.model, batch, len(run.used), guide)
            run.optimizer.zero_grad()
            total.backward()
            torch.nn.utils.clip_grad_norm_(run.model.parameters(), CLIP_NORM)
            run.optimizer.step()
            run.step += 1
            run.elapsed = time.time() - started
            if run.step % AVERAGE_EVERY == 0:
                run.update_average()
            if run.step % 50 == 0:
                pace = (time.time() - log_at) / (run.step - log_step)
                log_at, log_step = time.time(), run.step
                print(f"{run.step} {run.elapsed:.0f}s {pace:.2f} s/step lr {run.rate():.1e} ce {entropy.item():.3f} ctc {ctc.item():.3f} spec {int(spec)}", flush=True)
            if run.step % args.save_every == 0:
                run.save()
            if held and run.step % args.check_every == 0:
                report(run, held, encoding)
            if STOP or run.progress() >= 1 or (args.stop_after and run.step - began >= args.stop_after):
                run.save()
                return


def report(run: Run, held: Clips, encoding) -> None:
    """Prints the running average's word error rates."""
    average = SmallWhisper(len(run.used) + 1, WIDTH, HEADS, run.args.encoder_layers, run.args.decoder_layers, len(CHARACTERS) + 1)
    average.load_state_dict(run.average)
    average.eval()
    print(f"{run.step} held-out WER: {held_out_report(average, held, run.used, run.rows, encoding, run.args.check_clips)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", required=True)
    parser.add_argument("--held", default="")
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--minutes", type=float, default=0.0, help="end the schedule by time instead, if that comes first")
    parser.add_argument("--lr", type=float, default=1.0e-3)
    parser.add_argument("--batch-seconds", type=int, default=100)
    parser.add_argument("--encoder-layers", type=int, default=4)
    parser.add_argument("--decoder-layers", type=int, default=3)
    parser.add_argument("--spec-from", type=float, default=0.5, help="share of the schedule after which SpecAugment starts")
    parser.add_argument("--from-scratch", action="store_true")
    parser.add_argument("--checkpoint", default="checkpoint.pt")
    parser.add_argument("--save-every", type=int, default=250)
    parser.add_argument("--check-every", type=int, default=1000)
    parser.add_argument("--check-clips", type=int, default=64)
    parser.add_argument("--stop-after", type=int, default=0, help="stop (and save) after so many steps")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    run = Run(args)
    encoding = tokenizer()
    held = Clips(args.held.split(","), run.rows, encoding) if args.held else None
    parameters = sum(p.numel() for p in run.model.parameters())
    print(f"{parameters / 1e6:.2f} M parameters, from step {run.step}", flush=True)
    train(run, held)
    if held and not STOP:
        report(run, held, encoding)
    print(f"done: step {run.step}, {run.elapsed / 3600:.2f} h", flush=True)


if __name__ == "__main__":
    main()
