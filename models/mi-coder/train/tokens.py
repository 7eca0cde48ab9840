"""The tokenizers: WordPiece with the pretrained model's English pieces, and an own one for Dutch.

Written as `tokenizer-en.json` and `tokenizer-nl.json` in the format of the `tokenizers` library, which Gids loads as they are.
Ids: 0 padding, 1 unknown, 2 start, 3 end; then the English pieces, then the Dutch ones. A piece spelt the same in the two
languages ("of", "want") is two tokens.
"""

import collections
import json
import re
from pathlib import Path

import wordfreq
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from data import Line
from encoder import pretrained_folder

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
PADDING, UNKNOWN, START, END = range(4)
# An utterance keeps its beginning and its end: what it does is mostly said there.
HEAD_TOKENS, TAIL_TOKENS = 40, 22
EN_WORDS, NL_PIECES = 9000, 9000
NL_COMMON_WORDS = 30_000


def normalizer() -> normalizers.Normalizer:
    """Without transcribers' remarks ("[chuckles]"), in lower case, without accents; ’ as '."""
    return normalizers.Sequence([
        normalizers.Replace(Regex(r"\[[^\]]*\]"), " "),
        normalizers.Replace(Regex("[’‘ʼ`´]"), "'"),
        normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=True, lowercase=True),
    ])  # fmt: skip


def tokenizer(vocabulary: dict[str, int]) -> Tokenizer:
    made = Tokenizer(models.WordPiece(vocab=vocabulary, unk_token="[UNK]", max_input_chars_per_word=60))
    made.normalizer = normalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return made


def english(lines: list[Line]) -> tuple[list[str], list[int]]:
    """The pretrained pieces that talk needs, with their rows in the pretrained table."""
    known = json.loads((pretrained_folder() / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    whole = tokenizer(known)
    used: set[str] = set()
    for said in wordfreq.top_n_list("en", EN_WORDS) + [x.text for x in lines if x.lang == "en"]:
        used.update(whole.encode(said, add_special_tokens=False).tokens)
    used |= {p for p in known if re.fullmatch(r"(##)?[a-z0-9]|[!-/:-@\[-`{-~]", p)}
    pieces = sorted(used - set(SPECIAL), key=known.__getitem__)
    return pieces, [known[p] for p in pieces]


def dutch(lines: list[Line]) -> list[str]:
    """Pieces learnt from the Dutch training lines and the common words of Dutch."""
    counts: collections.Counter[str] = collections.Counter()
    for word in wordfreq.top_n_list("nl", NL_COMMON_WORDS):
        counts[word] += max(1, round(wordfreq.word_frequency(word, "nl") * 1e6))
    split = tokenizer({"[UNK]": 0})
    for line in lines:
        if line.lang == "nl":
            text = split.normalizer.normalize_str(line.text)
            counts.update({w: 30 for w, _ in split.pre_tokenizer.pre_tokenize_str(text)})
    learner = tokenizer({"[UNK]": 0})
    trainer = trainers.WordPieceTrainer(vocab_size=NL_PIECES, special_tokens=["[UNK]"], show_progress=False)
    learner.train_from_iterator((" ".join([w] * n) for w, n in sorted(counts.items())), trainer)
    pieces = set(learner.get_vocab()) - {"[UNK]"}
    pieces |= {f"{mark}{c}" for mark in ("", "##") for c in "abcdefghijklmnopqrstuvwxyz0123456789"}
    return sorted(pieces)


class Tokens:
    """Text → ids, as `crates/coding` does it."""

    def __init__(self, en: Tokenizer, nl: Tokenizer) -> None:
        self.of = {"en": en, "nl": nl}
        self.size = 1 + max(max(t.get_vocab().values()) for t in self.of.values())

    def ids(self, lang: str, said: str) -> list[int]:
        """Empty where no word is known: nothing was said, or nothing that can be read."""
        coded = self.of[lang].encode(said, add_special_tokens=False)
        ids = coded.ids
        if not any(i != UNKNOWN and any(c.isalnum() for c in t) for i, t in zip(ids, coded.tokens, strict=True)):
            return []
        if len(ids) > HEAD_TOKENS + TAIL_TOKENS:
            ids = ids[:HEAD_TOKENS] + ids[-TAIL_TOKENS:]
        return [START, *ids, END]

    def save(self, folder: Path) -> None:
        for lang, made in self.of.items():
            made.save(str(folder / f"tokenizer-{lang}.json"), pretty=False)


def build(lines: list[Line]) -> tuple[Tokens, list[int]]:
    """The tokenizers, and the pretrained row of every English id (specials included)."""
    en, rows = english(lines)
    nl = dutch(lines)
    specials = {s: i for i, s in enumerate(SPECIAL)}
    first = len(SPECIAL)
    tokens = Tokens(
        tokenizer(specials | {p: first + i for i, p in enumerate(en)}),
        tokenizer(specials | {p: first + len(en) + i for i, p in enumerate(nl)}),
    )
    # [PAD], [UNK], [CLS], [SEP] of the pretrained model
    return tokens, [0, 100, 101, 102, *rows]


def load(folder: Path) -> Tokens:
    return Tokens(*(Tokenizer.from_file(str(folder / f"tokenizer-{lang}.json")) for lang in ("en", "nl")))
