"""The pretrained encoder, its features, and the student that starts from its weights.

Resemblyzer (Apache-2.0) carries a GE2E encoder (Wan et al. 2018): three LSTM layers of 256 over 40 mel bands. Only its
weights are used here, so that its own way of loading audio is not needed.
"""

import librosa
import torch
from resemblyzer import VoiceEncoder
from torch import nn

RATE = 16_000
HOP = 160
BANDS = 40
#: Mean power of a band of speech at -30 dBFS: the level the encoder was trained at.
LEVEL = 0.009

_filters = torch.tensor(librosa.filters.mel(sr=RATE, n_fft=400, n_mels=BANDS))
_window = torch.hann_window(400)


def mel(samples):
    """Power in each band: `[frames, 40]`, a frame each 10 ms, 25 ms long; none reaches over the ends."""
    spectrum = torch.stft(torch.as_tensor(samples, dtype=torch.float32), 400, HOP, window=_window, center=False,
                          return_complex=True)
    return (_filters @ spectrum.abs().square()).mT


class Encoder(nn.Module):
    """`[windows, frames, 40]` of any level to unit vectors of 256. With `quiet`, what sounds all the time in a window is
    taken off each band first."""

    def __init__(self, quiet):
        super().__init__()
        self.quiet = quiet
        self.lstm = nn.LSTM(BANDS, 256, 3, batch_first=True)
        self.linear = nn.Linear(256, 256)

    def forward(self, mels):
        if self.quiet:
            mels = (mels - quietest(mels)).clamp_min(0)
        mels = mels * (LEVEL / mels.mean((1, 2), keepdim=True).clamp_min(1e-12))
        _, (hidden, _) = self.lstm(mels)
        return nn.functional.normalize(self.linear(hidden[-1]).relu(), dim=1, eps=1e-6)


def quietest(mels):
    """The power in each band that a tenth of the frames stays under: noise, between the syllables."""
    below = max(mels.shape[1] // 10, 1)
    return mels.topk(below, dim=1, largest=False).values[:, -1:]


def pretrained(quiet=False):
    encoder = Encoder(quiet)
    weights = VoiceEncoder("cpu", verbose=False).state_dict()
    encoder.load_state_dict({k: v for k, v in weights.items() if k.startswith(("lstm", "linear"))})
    return encoder
