"""Teaches the English encoder Dutch.

1. Word alignment (IBM model 1) over the parallel training lines and a dictionary gives every Dutch word its English ones;
   the Dutch rows of the token table start as their mixture.
2. Distillation: the vector of a Dutch line is trained towards the pretrained model's vector of the English line, English towards
   its own, so that nothing is lost (Reimers and Gurevych 2020).
"""

import collections
import gzip
import random
import re
import time
from pathlib import Path

import torch
import torch.nn.functional as F
import wordfreq
from torch import Tensor

from data import Line, bare
from encoder import Encoder, load_pretrained, pretrained_table
from tokens import SPECIAL, Tokens

# Debian's dict-freedict-nld-eng; without it only the lines teach.
DICTIONARY = Path("/usr/share/dictd/freedict-nld-eng.dict.dz")
ROUNDS = 6
DICTIONARY_SHARE = 0.25  # of a batch
BATCH, STEPS, RATE = 56, 800, 2e-4
LAYERS, POSITIONS = 4, 64
# Longer lines cost much and teach little more.
MOST_TOKENS = 48


def dictionary() -> list[tuple[str, str]]:
    """Dutch headword, English gloss."""
    if not DICTIONARY.is_file():
        print(f"  no {DICTIONARY}: Dutch is learnt from the lines alone (apt-get install dict-freedict-nld-eng)", flush=True)
        return []
    out, word = [], ""
    for row in gzip.decompress(DICTIONARY.read_bytes()).decode("utf-8").splitlines():
        head = re.fullmatch(r"(\S[^/]*?) /[^/]+/.*", row)
        if head:
            word = head[1].replace("ĳ", "ij").replace("‐", "-").lower()
        elif word and row.strip():
            for gloss in re.split(r"[,;]", re.sub(r"^\d+\.\s*|\([^)]*\)|<[^>]*>", "", row.strip())):
                if gloss.strip() and len(gloss.split()) <= 3:
                    out.append((word, gloss.strip().lower()))
    return out


def pairs_of(lines: list[Line]) -> list[tuple[str, str]]:
    """(nl, en) of the parallel lines."""
    sides: dict[str, dict[str, str]] = collections.defaultdict(dict)
    for x in lines:
        sides[x.pair][x.lang] = x.text
    return [(s["nl"], s["en"]) for s in sides.values() if len(s) == 2]


def alignment(pairs: list[tuple[list[str], list[str]]]) -> dict[str, dict[str, float]]:
    """IBM model 1: Dutch word → English word → probability that it is what was translated."""
    share: dict[str, dict[str, float]] = {}
    for nl, en in pairs:
        for n in nl:
            share.setdefault(n, {}).update(dict.fromkeys(en, 1.0))
    for _ in range(ROUNDS):
        found: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
        for nl, en in pairs:
            # Each Dutch word was said because of one of the English ones.
            for n in nl:
                row = share[n]
                total = sum(row[e] for e in en)
                for e in en:
                    found[e][n] += row[e] / total
        for e, row in found.items():
            total = sum(row.values())
            for n, c in row.items():
                share[n][e] = c / total
    return share


def words(said: str) -> list[str]:
    return re.findall(r"[a-zà-ÿ]+", bare(said).replace("'", ""))


def start_rows(lines: list[Line], tokens: Tokens, rows: list[int]) -> Tensor:
    """The table of tokens to start from."""
    table = pretrained_table()
    english = table[torch.tensor(rows)]
    listed = dictionary()
    talk = [(words(n), words(e)) for n, e in pairs_of(lines)]
    said_en = collections.Counter(w for _, e in talk for w in e)
    aligned = alignment([p for p in talk if p[0] and p[1]] + [([n], words(e)) for n, e in listed if words(e)])

    def vector(word: str) -> Tensor:
        ids = tokens.of["en"].encode(word, add_special_tokens=False).ids
        return english[torch.tensor(ids)].mean(0)

    cache: dict[str, Tensor] = {}
    meaning: dict[str, Tensor] = {}
    for n, row in aligned.items():
        weight = {e: p * (said_en[e] + 0.5) for e, p in row.items()}  # P(e | n) by Bayes
        best = sorted(weight, key=weight.__getitem__, reverse=True)[:3]
        total = sum(weight[e] for e in best)
        for e in best:
            cache.setdefault(e, vector(e))
        meaning[n] = sum((weight[e] / total) * cache[e] for e in best)
    made = english.mean(0).repeat(tokens.size, 1)
    made[: len(rows)] = english
    sums = torch.zeros(tokens.size, table.shape[1])
    weights = torch.zeros(tokens.size)
    for n, v in meaning.items():
        ids = tokens.of["nl"].encode(n, add_special_tokens=False).ids
        # A word that is one piece says all about that piece; a part of a long word little.
        w = (1e-6 + wordfreq.word_frequency(n, "nl")) / len(ids) ** 3
        for i in ids:
            if i >= len(rows):
                sums[i] += w * v
                weights[i] += w
    known = weights > 0
    made[known] = sums[known] / weights[known, None]
    # Marks mean the same in both languages.
    en = tokens.of["en"].get_vocab()
    for piece, i in tokens.of["nl"].get_vocab().items():
        if piece not in SPECIAL and piece in en and re.fullmatch(r"[^a-z]|\d+", piece):
            made[i] = english[en[piece]]
    print(f"  {len(aligned)} Dutch words aligned, {int(known.sum())} of {tokens.size - len(rows)} Dutch pieces start with a meaning")
    return made


def padded(batch: list[list[int]]) -> Tensor:
    width = max(len(x) for x in batch)
    return torch.tensor([x + [0] * (width - len(x)) for x in batch])


@torch.no_grad()
def vectors(model: Encoder, ids: list[list[int]]) -> list[tuple[list[int], Tensor]]:
    order = sorted(ids, key=len)
    out = []
    for k in range(0, len(order), 128):
        part = order[k : k + 128]
        with torch.autocast("cpu", torch.bfloat16):
            got, _ = model(padded(part))
        out += zip(part, got.float(), strict=True)
    return out


def teach(lines: list[Line], tokens: Tokens, rows: list[int], seed: int, steps: int = STEPS) -> Encoder:
    torch.manual_seed(seed)
    rng = random.Random(seed)
    student = Encoder(tokens.size, LAYERS, POSITIONS)
    load_pretrained(student, start_rows(lines, tokens, rows))
    teacher = Encoder(tokens.size, LAYERS, POSITIONS)
    load_pretrained(teacher, student.tokens.weight.detach().clone())
    teacher.eval()
    listed = [p for p in dictionary() if wordfreq.zipf_frequency(p[0], "nl") >= 2.5]
    talk = pairs_of(lines)
    talk = [pair for said in talk for pair in (said, (bare(said[0]), bare(said[1])))]
    talk_ids, listed_ids = (
        [(n, e) for n, e in ((tokens.ids("nl", n), tokens.ids("en", e)) for n, e in said) if 2 < len(n) <= MOST_TOKENS and len(e) > 2]
        for said in (talk, listed)
    )
    wanted_of = {tuple(e): v for e, v in vectors(teacher, [e for _, e in talk_ids + listed_ids])}
    print(f"  {len(talk_ids)} parallel lines, {len(listed_ids)} dictionary entries", flush=True)
    fast = [p for n, p in student.named_parameters() if n == "tokens.weight"]
    slow = [p for n, p in student.named_parameters() if n != "tokens.weight"]
    optimiser = torch.optim.AdamW([{"params": fast, "lr": 5 * RATE}, {"params": slow, "lr": RATE}], weight_decay=0.0, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [5 * RATE, RATE], total_steps=steps, pct_start=0.1)
    began, shown = time.time(), 0.0
    for step in range(steps):
        n_listed = round(BATCH * DICTIONARY_SHARE) if listed_ids else 0
        n_talk = BATCH - n_listed
        both = sorted(rng.sample(talk_ids, 4 * n_talk), key=lambda p: len(p[0]))
        at = rng.randrange(4) * n_talk
        both = both[at : at + n_talk] + rng.sample(listed_ids, n_listed)
        some = both[::6]
        with torch.autocast("cpu", torch.bfloat16):
            got, _ = student(padded([n for n, _ in both] + [e for _, e in some]), 0.05)
        got = got.float()
        wanted = torch.stack([wanted_of[tuple(e)] for _, e in both + some])
        n = len(both)
        loss = (1 - F.cosine_similarity(got, wanted)).mean() + 20 * F.mse_loss(got, wanted)
        # The right English line among those of the batch.
        likeness = F.normalize(got[:n], dim=1) @ F.normalize(wanted[:n], dim=1).T
        loss = loss + 0.2 * F.cross_entropy(likeness * 20, torch.arange(n))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        shown += loss.item()
        if step % 50 == 49:
            print(f"  step {step + 1}: loss {shown / 50:.3f}, {time.time() - began:.0f} s", flush=True)
            shown = 0.0
    return student
