"""Tunes the student: what a spoiled short window says of a voice shall be what the teacher hears in the clean whole.

    python train.py CORPUS WORK [--hold-out 2033,367] [--steps 450]

Writes WORK/student.pt each 150 steps, and goes on from it. `--hold-out` leaves speakers out, with all that was made of
them, and measures on them.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cosine_similarity, cross_entropy, normalize

from scipy.signal import fftconvolve

from augment import coloured, rooms, spoil
from teacher import HOP, mel, pretrained

VOICES_A_BATCH = 16
WINDOWS_A_VOICE = 4
LENGTHS = [60, 80, 80, 80, 120, 160]  # frames; 80 are what Gids looks at
PEAK_RATE = 5e-5
#: Of the loss that tells voices of a batch apart, beside the teacher's vectors.
CONTRAST = 0.05
SHARE = {"real": 0.45, "bent": 0.45, "espeak": 0.1}


def load(corpus):
    voices = {}
    for path in sorted(Path(corpus).glob("*.npz")):
        with np.load(path) as data:
            voices[path.stem] = [data[k].astype(np.float32) / 32768 for k in data.files]
    return voices


def speech_windows(samples, frames, step):
    """Windows of an utterance that are speech for the most part."""
    bands = mel(samples)
    power = bands.mean(1)
    loud = power > power.quantile(0.9) * 0.01
    return [bands[i:i + frames] for i in range(0, len(bands) - frames + 1, step) if loud[i:i + frames].float().mean() > 0.6]


@torch.no_grad()
def embed(encoder, windows):
    return torch.cat([encoder(torch.stack(windows[i:i + 256])) for i in range(0, len(windows), 256)])


def targets(encoder, voices):
    out = {}
    for name, utterances in voices.items():
        rows = []
        for samples in utterances:
            windows = speech_windows(samples, 160, 60) or speech_windows(samples, 60, 30) or [mel(samples)]
            rows.append(normalize(embed(encoder, windows).mean(0), dim=0))
        whole = normalize(torch.stack(rows).mean(0), dim=0)
        # An utterance's own vector carries its words too: halfway to the voice's.
        out[name] = [normalize(row + whole, dim=0) for row in rows]
    return out


class Examples:
    def __init__(self, voices, goals, seed):
        self.rng = np.random.default_rng(seed)
        self.voices, self.goals = voices, goals
        self.kinds = {kind: [v for v in voices if v.startswith(kind)] for kind in SHARE}
        self.rooms = rooms(160, 1)

    def stretch(self, name, length):
        utterances = self.voices[name]
        which = self.rng.integers(len(utterances))
        samples = utterances[which]
        if len(samples) <= length:
            samples = np.pad(samples, (0, length + 1 - len(samples)))
        for _ in range(8):
            at = self.rng.integers(len(samples) - length)
            cut = samples[at:at + length]
            if np.mean(cut**2) > 0.15 * np.mean(samples**2):
                break
        return which, cut

    def others(self, length):
        names = list(self.voices)
        return self.stretch(names[self.rng.integers(len(names))], length)[1]

    def batch(self):
        frames = int(self.rng.choice(LENGTHS))
        length = (frames - 1) * HOP + 400
        chosen = []
        while len(chosen) < VOICES_A_BATCH:
            kind = self.rng.choice(list(SHARE), p=list(SHARE.values()))
            name = self.kinds[kind][self.rng.integers(len(self.kinds[kind]))]
            if name not in chosen or kind == "real":
                chosen.append(name)
        windows, goals, labels = [], [], []
        for name in chosen:
            for _ in range(WINDOWS_A_VOICE):
                which, cut = self.stretch(name, length)
                if self.rng.random() < 0.8:
                    cut = spoil(self.rng, cut, self.rooms, self.others)
                windows.append(mel(np.ascontiguousarray(cut)))
                goals.append(self.goals[name][which])
                labels.append(name)
        return torch.stack(windows), torch.stack(goals), labels


def loss_of(student, examples):
    windows, goals, labels = examples.batch()
    out = student(windows)
    taught = 1 - cosine_similarity(out, goals).mean()
    # Each window against the voices of the batch, itself left out of its own.
    names = sorted(set(labels))
    own = torch.tensor([names.index(label) for label in labels])
    one_hot = torch.nn.functional.one_hot(own, len(names)).float()
    sums = one_hot.mT @ out
    centres = normalize(sums, dim=1)
    like = out @ centres.mT
    without = normalize(sums[own] - out, dim=1)
    like = torch.where(one_hot.bool(), (out * without).sum(1, keepdim=True), like)
    told = cross_entropy(like * 12, own)
    return taught + CONTRAST * told, taught.item(), told.item()


def measure(encoder, voices, seed=7):
    """Shares of windows (0.8 s) that are nearer to the wrong one of two enrolments (10 s): with a clean enrolment, and
    with one from the same room and noise."""
    responses = rooms(6, 99)
    names = list(voices)

    def heard(samples, snr, scene=0):
        if snr is not None:
            samples = fftconvolve(samples, responses[scene])[: len(samples)]
            noise = coloured(np.random.default_rng(seed + scene), len(samples))
            samples = samples + noise * np.sqrt(np.mean(samples**2) / np.mean(noise**2) * 10 ** (-snr / 10))
        return embed(encoder, speech_windows(np.ascontiguousarray(samples, dtype=np.float32), 80, 20))

    def enrol(name, snr, scene=0):
        return normalize(heard(np.concatenate(voices[name][:5])[:160_000], snr, scene).mean(0), dim=0)

    clean = {name: enrol(name, None) for name in names}
    text = []
    for snr in (None, 20, 10, 5):
        wrong, alike, likes = [], [], {}
        for scene in range(1 if snr is None else 6):
            here = {name: enrol(name, snr, scene) for name in names}
            for a in names:
                vectors = heard(np.concatenate(voices[a][5:]), snr, scene)
                likes.setdefault(a, []).append({b: vectors @ clean[b] for b in names})
                for b in names:
                    if b != a:
                        wrong.append((vectors @ clean[a] < vectors @ clean[b]).float().mean().item())
                        alike.append((vectors @ here[a] < vectors @ here[b]).float().mean().item())
        same = torch.cat([like[a] for a in names for like in likes[a]])
        other = torch.cat([like[b] for a in names for like in likes[a] for b in names if b != a])
        cuts = torch.quantile(torch.cat([same, other]), torch.linspace(0, 1, 400))
        equal = min(max((same < c).float().mean().item(), (other >= c).float().mean().item()) for c in cuts)
        text.append(f"{'clean' if snr is None else f'{snr} dB'}: wrong {100 * np.mean(wrong):.1f} / "
                    f"{100 * np.mean(alike):.1f} % eer {100 * equal:.1f} %")
    return "; ".join(text)


def between(teacher, student, share):
    """Weights on the way from the teacher to the student: what is between forgets less (Wortsman et al. 2022)."""
    middle = pretrained(quiet=True).eval()
    weights = {k: (1 - share) * v + share * student.state_dict()[k] for k, v in teacher.state_dict().items()}
    middle.load_state_dict(weights)
    return middle


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus")
    parser.add_argument("work")
    parser.add_argument("--hold-out", default="")
    parser.add_argument("--steps", type=int, default=450)
    args = parser.parse_args()
    work = Path(args.work)
    work.mkdir(parents=True, exist_ok=True)
    held = [s for s in args.hold_out.split(",") if s]
    everything = load(args.corpus)
    voices = {n: u for n, u in everything.items() if not any(n.split("-")[1] == s for s in held)}
    tested = {n: u for n, u in everything.items() if n.startswith("real") and (not held or n not in voices)}

    teacher = pretrained().eval()
    student = pretrained(quiet=True)
    torch.manual_seed(1)
    optimizer = torch.optim.AdamW(student.parameters(), lr=PEAK_RATE, weight_decay=1e-3)
    step, kept = 0, work / "student.pt"
    if kept.exists():
        state = torch.load(kept)
        student.load_state_dict(state["student"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    goals = targets(teacher, voices)
    examples = Examples(voices, goals, seed=1 + step)
    print(f"{len(voices)} voices; tested on {sorted(tested)}", flush=True)
    print("teacher", measure(teacher, tested), flush=True)
    began, told = time.time(), []
    while step < args.steps:
        rate = float(PEAK_RATE * min(1, step / 50) * (0.5 + 0.5 * np.cos(np.pi * step / args.steps)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss, *parts = loss_of(student, examples)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        told.append(parts)
        step += 1
        if step % 150 == 0 or step == args.steps:
            state = {"student": student.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
            torch.save(state, kept.with_suffix(".new"))
            kept.with_suffix(".new").rename(kept)
            mean = np.mean(told, 0)
            told = []
            print(f"{step} {time.time() - began:.0f} s taught {mean[0]:.4f} told {mean[1]:.3f}; "
                  f"{measure(student.eval(), tested)}", flush=True)
            print("  half way:", measure(between(teacher, student, 0.5), tested), flush=True)
            student.train()


if __name__ == "__main__":
    main()
