"""Trains the model: tokenizers, Dutch, then the codes; several times, and the mean of the weights is the model.

`python train.py SHARED WORK`: what is finished is found in WORK and not trained again; a fine-tuning that was cut off goes on
after its last finished epoch.
"""

import argparse
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import data
from data import CLASS_OF_CODE, CLIENT, CLIENT_CLASSES, PRACTITIONER, PRACTITIONER_CLASSES, Line
import dutch
import ngrams
import supplement
import tokens as tokenizers
from dutch import padded
from encoder import HEADS, OUTPUTS, RANGES, Coder, Encoder
from tokens import Tokens

ORIGIN_WEIGHT = {"annomi": 1.0, "physio": 1.0, "written": 0.7, "pattern": 0.5}
GUESSED_CLASS_WEIGHT = 0.3  # of a class that follows from the code instead of an expert
CODE_SHARE = 0.15  # of the class that the language model's code stands for, in the target of an expert's class
NOISE_RATES = (0.05, 0.1, 0.15)
BATCH_TOKENS = 2000
SEED, RUNS = 20261122, 1
ALIGNMENT = 1.0
EPOCHS, RATE, HEAD_RATE, DROPOUT, DECAY = 5, 1e-4, 1e-3, 0.1, 0.01


def targets(lines: list[Line]) -> tuple[np.ndarray, np.ndarray]:
    """What each output should say of each line (0 to 1), and how much that counts."""
    gold = np.zeros((len(lines), OUTPUTS), dtype=np.float32)
    weight = np.zeros_like(gold)
    for i, line in enumerate(lines):
        own = ORIGIN_WEIGHT[line.origin]
        who = "practitioner" if line.practitioner else "client"
        codes, classes = (PRACTITIONER, PRACTITIONER_CLASSES) if line.practitioner else (CLIENT, CLIENT_CLASSES)
        for c in line.codes:
            gold[i, RANGES[f"{who}_codes"].start + codes.index(c)] = 1
        weight[i, RANGES[f"{who}_codes"]] = own
        first = RANGES[f"{who}_class"].start
        sure = (1 - CODE_SHARE) if line.expert else 1.0
        for c, share in (line.votes or {line.coarse: 1.0}).items():
            gold[i, first + classes.index(c)] += sure * share
        gold[i, first + classes.index(CLASS_OF_CODE[line.codes[0]])] += 1 - sure
        weight[i, RANGES[f"{who}_class"]] = own * (1.0 if line.expert else GUESSED_CLASS_WEIGHT)
        if line.open_question is not None:
            gold[i, RANGES["open_question"]] = line.open_question
            weight[i, RANGES["open_question"]] = own
        if line.practitioner:
            gold[i, RANGES["righting_reflex"]] = line.righting_reflex
            weight[i, RANGES["righting_reflex"]] = own
        if line.origin != "pattern":  # all of these are the practitioner's: they would bend the role
            gold[i, RANGES["role"]] = line.practitioner
            weight[i, RANGES["role"]] = own
    # Rare classes count more: the square root of what would make them even.
    for head in ("practitioner_class", "client_class"):
        at = RANGES[head]
        mass = (gold[:, at] * weight[:, at]).sum(0)
        even = np.sqrt(mass.mean() / mass)
        weight[:, at] *= (gold[:, at] @ even)[:, None]
    return gold, weight


def loss_of(logits: Tensor, gold: Tensor, weight: Tensor) -> Tensor:
    total = logits.new_zeros(())
    for name, _, activation in HEADS:
        at = RANGES[name]
        z, g, w = logits[:, at], gold[:, at], weight[:, at]
        if activation == "softmax":
            each = -(g * F.log_softmax(z, 1)).sum(1) * w[:, 0]
            total = total + HEAD_WEIGHT[name] * each.sum() / len(logits)
        else:
            each = F.binary_cross_entropy_with_logits(z, g, reduction="none") * w
            total = total + HEAD_WEIGHT[name] * each.sum() / len(logits)
    return total


HEAD_WEIGHT = {
    "practitioner_codes": 0.5, "client_codes": 0.5, "practitioner_class": 1.0, "client_class": 1.0,
    "open_question": 0.5, "righting_reflex": 1.0, "role": 0.2,
}  # fmt: skip


def variant(said: str, rng: random.Random, vocabulary: list[str]) -> str:
    """As written, without marks, or as a recogniser spoils it."""
    kind = rng.random()
    if kind < 0.45:
        return said
    said = data.bare(said)
    if kind < 0.6:
        said = said.replace("'", "")
    return said if kind < 0.8 else data.roughen(said, rng, rng.choice(NOISE_RATES), vocabulary)


def batches(ids: list[list[int]], pairs: list[tuple[int, ...]], rng: random.Random) -> list[list[tuple[int, ...]]]:
    """Pairs (and single lines) of like length together, about BATCH_TOKENS each, in random order."""
    width = {pair: max(len(ids[i]) for i in pair) for pair in pairs}
    out: list[list[tuple[int, ...]]] = [[]]
    lines = 0
    for pair in sorted(pairs, key=lambda p: width[p] + rng.random() * 4):
        if out[-1] and (lines + len(pair)) * width[pair] > BATCH_TOKENS or lines >= 96:
            out.append([])
            lines = 0
        out[-1].append(pair)
        lines += len(pair)
    rng.shuffle(out)
    return out


def fine_tune(
    lines: list[Line], start: Encoder, tokens: Tokens, seed: int, epochs: int = EPOCHS, checkpoint: Path | None = None
) -> Coder:
    torch.manual_seed(seed)
    rng = random.Random(seed)
    model = Coder(tokens.size, len(start.layers))
    model.encoder.load_state_dict(start.state_dict())
    gold, weight = (torch.from_numpy(x) for x in targets(lines))
    sides: dict[str, list[int]] = {}
    for i, x in enumerate(lines):
        sides.setdefault(x.pair, []).append(i)
    pairs = [tuple(sorted(at, key=lambda i: lines[i].lang)) for at in sides.values()]  # English first
    words = {lang: sorted({w for x in lines if x.lang == lang for w in data.bare(x.text).split()}) for lang in ("en", "nl")}
    encoder = list(model.encoder.parameters())
    heads = [*model.mix.parameters(), *model.heads.parameters()]
    optimiser = torch.optim.AdamW([{"params": encoder, "lr": RATE}, {"params": heads, "lr": HEAD_RATE}], weight_decay=DECAY, fused=True)
    steps = epochs * (len(batches([tokens.ids(x.lang, x.text) for x in lines], pairs, random.Random(0))) + 20)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [RATE, HEAD_RATE], total_steps=steps, pct_start=0.1, cycle_momentum=False)
    began, step, first = time.time(), 0, 0
    if checkpoint and checkpoint.exists():
        kept = torch.load(checkpoint, weights_only=False)
        model.load_state_dict(kept["model"])
        optimiser.load_state_dict(kept["optimiser"])
        schedule.load_state_dict(kept["schedule"])
        rng.setstate(kept["rng"])
        torch.set_rng_state(kept["torch_rng"])
        step, first = kept["step"], kept["epoch"]
        print(f"  goes on after epoch {first}", flush=True)
    for epoch in range(first, epochs):
        model.train()
        ids = [tokens.ids(x.lang, variant(x.text, rng, words[x.lang])) or [3] for x in lines]
        shown = []
        for batch in batches(ids, pairs, rng):
            at = [i for pair in batch for i in pair]
            with torch.autocast("cpu", torch.bfloat16):
                vectors = model.encoder(padded([ids[i] for i in at]), DROPOUT)[0]
                logits = model.judge(vectors, DROPOUT)
            loss = loss_of(logits.float(), gold[at], weight[at])
            # The Dutch line should mean what the English one means; the English one stays where it is.
            place = {i: k for k, i in enumerate(at)}
            both = [(place[p[0]], place[p[1]]) for p in batch if len(p) == 2]
            if both:
                en, nl = vectors[[e for e, _ in both]].detach(), vectors[[n for _, n in both]]
                loss = loss + ALIGNMENT * (1 - F.cosine_similarity(nl.float(), en.float())).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            if step < steps - 1:
                schedule.step()
            step += 1
            shown.append(loss.item())
        print(f"  epoch {epoch + 1}: loss {np.mean(shown):.3f}, {time.time() - began:.0f} s", flush=True)
        if checkpoint:
            save(checkpoint, {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict(),
                              "rng": rng.getstate(), "torch_rng": torch.get_rng_state(), "step": step, "epoch": epoch + 1})  # fmt: skip
    return model.eval()


def save(path: Path, what: object) -> None:
    part = path.with_suffix(".part")
    torch.save(what, part)
    part.rename(path)


@torch.no_grad()
def logits_of(model: Coder, tokens: Tokens, lines: list[Line], change=lambda said: said) -> np.ndarray:
    model.eval()
    ids = [tokens.ids(x.lang, change(x.text)) or [3] for x in lines]
    out = np.zeros((len(lines), OUTPUTS), dtype=np.float32)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    for at in (order[k : k + 64] for k in range(0, len(order), 64)):
        out[at] = model(padded([ids[i] for i in at])).numpy()
    return out


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("shared")
    parser.add_argument("work", type=Path)
    args = parser.parse_args()
    work: Path = args.work
    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(os.cpu_count() or 1)
    lines, _ = data.load(data.shared_root(args.shared))
    patterns = supplement.lines()
    print(f"{len(lines)} lines of conversations, {len(patterns)} from patterns", flush=True)
    second = work / "ngrams.npz"
    if not second.exists():
        print("n-grams", flush=True)
        made = ngrams.train(lines + patterns, *targets(lines + patterns), SEED)
        part = work / "ngrams.part.npz"
        np.savez(part, vocabulary=made.vocabulary, idf=made.idf, weights=made.weights, bias=made.bias)
        part.rename(second)
    known, rows = tokenizers.build(lines)
    known.save(work)
    taught = work / "taught.pt"
    if not taught.exists():
        print("Dutch", flush=True)
        save(taught, dutch.teach(lines, known, rows, SEED).state_dict())
    start = Encoder(known.size, dutch.LAYERS, dutch.POSITIONS)
    start.load_state_dict(torch.load(taught, weights_only=True))
    for k in range(RUNS):
        done = work / f"run{k}.pt"
        if not done.exists():
            print(f"run {k + 1} of {RUNS}", flush=True)
            unfinished = work / f"run{k}-unfinished.pt"
            save(done, fine_tune(lines + patterns, start, known, SEED + k, checkpoint=unfinished).state_dict())
            unfinished.unlink()
    runs = [torch.load(work / f"run{k}.pt", weights_only=True) for k in range(RUNS)]
    # All runs set out from the same weights: their mean is as good as their vote, at the price of one (Wortsman et al. 2022).
    save(work / "final.pt", {name: torch.stack([r[name] for r in runs]).mean(0) for name in runs[0]})


if __name__ == "__main__":
    main()
