"""Fits the map of SpectralEmbedder to recordings of many voices.

    cargo run --release -p speakers --example statistics -- 3 VOICES… > 3s.jsonl
    cargo run --release -p speakers --example statistics -- 1 VOICES… > 1s.jsonl
    python fit_whitening.py 1s.jsonl 3s.jsonl > ../src/spectral/whitening.json

The map in the tree was fitted to 22 voices of espeak-ng (nl and en-us with variants m1-m7 and f1-f5, 22 sentences
each) and four speakers of LibriSpeech test-other (1688, 2033, 367, 3080; CC BY 4.0, Panayotov et al. 2015), ten
utterances each. It holds no audio, only covariances.

The coordinates are those of a linear discriminant analysis: the within-voice covariance (shrunk) becomes
the unit matrix, and the coordinates are the axes of the between-voice covariance (shrunk).
"""

import json
import sys

import numpy as np

WITHIN_SHRINKAGE = 0.1  # share of the diagonal; 500 windows for 32 x 32 values
BETWEEN_SHRINKAGE = 0.5  # far fewer voices than coordinates: half of the diagonal
NAME = "spectral-1"


def load(path):
    voices = {}
    for line in open(path):
        voice, _, speech_s, values = json.loads(line)
        voices.setdefault(voice, []).append((speech_s, np.array(values)))
    return voices


def within(voices, least_s):
    """Each voice counts alike, so that the synthetic ones (many) do not drown the real ones."""
    covs, speech = [], []
    for items in voices.values():
        kept = [(s, x) for s, x in items if s >= least_s]
        if len(kept) < 8:
            continue
        covs.append(np.cov(np.array([x for _, x in kept]).T))
        speech.append(np.mean([s for s, _ in kept]))
    return np.mean(covs, 0), float(np.mean(speech))


def shrink(cov, share):
    return (1 - share) * cov + share * np.diag(np.diag(cov))


def main(short_path, long_path):
    short, long = load(short_path), load(long_path)
    cov_long, speech_long = within(long, 1.0)
    cov_short, speech_short = within(short, 0.3)
    means = np.array([np.mean([x for s, x in items if s >= 1.0], 0) for items in long.values()])
    between = shrink(np.cov(means.T), BETWEEN_SHRINKAGE)
    values, vectors = np.linalg.eigh(shrink(cov_long, WITHIN_SHRINKAGE))
    whiten = vectors / np.sqrt(values)
    _, axes = np.linalg.eigh(whiten.T @ between @ whiten)
    rows = (whiten @ axes).T[::-1]
    # Variance by length: floor + short / T, through the two lengths measured.
    var_long = np.mean(np.diag(rows @ cov_long @ rows.T))
    var_short = np.mean(np.diag(rows @ cov_short @ rows.T))
    slope = (var_short - var_long) / (1 / speech_short - 1 / speech_long)
    floor = max(var_long - slope / speech_long, 0.1 * var_long)
    json.dump({
        "name": NAME,
        "mean": np.round(means.mean(0), 4).tolist(),
        "rows": [np.round(r, 4).tolist() for r in rows],
        "between_var": np.round(np.diag(rows @ between @ rows.T), 3).tolist(),
        "floor_var": round(float(floor), 3),
        "short_var": round(float(slope), 3),
    }, sys.stdout)
    print()
    print(f"{len(long)} voices; {speech_short:.2f} s: {var_short:.2f}, {speech_long:.2f} s: {var_long:.2f}", file=sys.stderr)


main(*sys.argv[1:])
