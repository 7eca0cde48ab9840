"""From text to feature hashes. `crates/coding/src/features.rs` does exactly the same; the test vectors prove it.

Change nothing here without raising FEATURES_VERSION in both places and training again.
"""

import zlib

FEATURES_VERSION = 1
# Longer texts keep their beginning and their end: what an utterance does is mostly said there.
HEAD_WORDS, TAIL_WORDS = 192, 64
CHAR_NGRAM_MIN, CHAR_NGRAM_MAX = 3, 5
LENGTH_STEPS = (1, 2, 4, 7, 12, 20, 35, 60)

FOLD = {
    c: plain
    for accented, plain in (
        ("àáâãäåā", "a"), ("çćč", "c"), ("èéêëēėę", "e"), ("ìíîïī", "i"), ("ñń", "n"), ("òóôõöøō", "o"),
        ("ùúûüū", "u"), ("ýÿ", "y"), ("šś", "s"), ("žźż", "z"), ("ł", "l"), ("æ", "ae"), ("œ", "oe"), ("ß", "ss"),
    )
    for c in accented
}
# Recognisers write "don't", "dont" and "don’t": all become one.
DROPPED = set("'’‘ʼ`´")
# Recognisers write 6 or zes, as they like. "een" and "one" are left alone: mostly they are no numbers.
NUMBER_WORDS = set(
    "nul twee drie vier vijf zes zeven acht negen tien zero two three four five six seven eight nine ten".split()
)


def tokens(text: str) -> list[str]:
    """Lower-case ASCII words, `#` for a number, `?` for a question mark; all else separates."""
    out: list[str] = []
    word: list[str] = []

    def close() -> None:
        if word:
            w = "".join(word)
            out.append("#" if w in NUMBER_WORDS or any("0" <= c <= "9" for c in w) else w)
            word.clear()

    for raw in text:
        for c in raw.lower():
            if c in DROPPED or "\u0300" <= c <= "\u036f":
                continue
            if "a" <= c <= "z" or "0" <= c <= "9":
                word.append(c)
            elif c in FOLD:
                word.append(FOLD[c])
            else:
                close()
                if c == "?":
                    out.append("?")
    close()
    if len(out) > HEAD_WORDS + TAIL_WORDS:
        out = out[:HEAD_WORDS] + out[-TAIL_WORDS:]
    return out


def features(lang: str, toks: list[str]) -> list[str]:
    """The names of the features, in order, with repetitions."""
    out = [f"{lang}n{sum(len(toks) > step for step in LENGTH_STEPS)}"]
    padded = ["^", *toks, "$"]
    out += [f"{lang}w{t}" for t in toks]
    out += [f"{lang}b{a} {b}" for a, b in zip(padded, padded[1:])]
    out += [f"{lang}t{a} {b} {c}" for a, b, c in zip(padded, padded[1:], padded[2:])]
    out += [f"{lang}s{a} {b}" for a, b in zip(padded, padded[2:])]
    for t in toks:
        if len(t) < CHAR_NGRAM_MIN:
            continue
        framed = f"<{t}>"
        for n in range(CHAR_NGRAM_MIN, CHAR_NGRAM_MAX + 1):
            out += [f"{lang}c{framed[i : i + n]}" for i in range(len(framed) - n + 1)]
    return out


def hashes(lang: str, toks: list[str]) -> list[int]:
    """CRC-32 of each feature, each once, in order of appearance. Empty for an empty text."""
    if not toks:
        return []
    return list(dict.fromkeys(zlib.crc32(f.encode()) for f in features(lang, toks)))
