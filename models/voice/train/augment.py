"""What a room, a microphone and a line do to a voice."""

import numpy as np
import pyroomacoustics
from scipy.signal import fftconvolve, resample_poly

RATE = 16_000


def rooms(count, seed):
    """Impulse responses of simulated rooms, direct sound first, 0.15 to 0.9 s of reverberation."""
    rng = np.random.default_rng(seed)
    out = []
    while len(out) < count:
        size = rng.uniform([2.2, 2.2, 2.2], [8, 6, 3.5])
        absorption, reflections = pyroomacoustics.inverse_sabine(rng.uniform(0.15, 0.7), size)
        if absorption > 1:
            continue
        room = pyroomacoustics.ShoeBox(size, fs=RATE, materials=pyroomacoustics.Material(absorption),
                                       max_order=min(reflections, 15))
        ear = rng.uniform(0.4, size - 0.4)
        mouth = ear + rng.normal(size=3) * [0.7, 0.7, 0.2]
        if (mouth < 0.3).any() or (mouth > size - 0.3).any() or np.linalg.norm(mouth - ear) < 0.25:
            continue
        room.add_source(mouth)
        room.add_microphone(ear)
        room.compute_rir()
        response = room.rir[0][0]
        start = np.argmax(np.abs(response))
        out.append((response[max(start - 8, 0):][: int(0.8 * RATE)] / np.abs(response).max()).astype(np.float32))
    return out


def coloured(rng, length):
    """Noise with a spectrum that falls by 0 to 12 dB an octave, at times with a hum."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    hz = np.fft.rfftfreq(length, 1 / RATE)
    spectrum *= np.maximum(hz, 30.0) ** -rng.uniform(0, 2)
    noise = np.fft.irfft(spectrum, length)
    noise /= noise.std() + 1e-12
    if rng.random() < 0.2:
        at = np.arange(length) / RATE
        base = rng.choice([50, 60, 100, 120]) * rng.uniform(0.99, 1.01)
        noise += sum(rng.uniform(0, 1) * np.sin(2 * np.pi * base * k * at) for k in range(1, 6))
    return noise


def clicks(rng, length):
    """Keys, cups and papers: short bursts."""
    noise = 0.02 * rng.standard_normal(length)
    for _ in range(rng.integers(2, 10)):
        at, long = rng.integers(0, length), rng.integers(80, 1600)
        burst = rng.standard_normal(long) * np.exp(-np.arange(long) / (long / 4))
        noise[at:at + long] += burst[: length - at]
    return noise


def line(rng, x):
    """A telephone line, a cheap microphone, an overdriven one."""
    kind = rng.integers(0, 4)
    if kind == 0:
        narrow = resample_poly(x, 1, 2)
        top = np.abs(narrow).max() + 1e-9
        bent = np.sign(narrow) * np.log1p(255 * np.abs(narrow) / top) / np.log(256)
        bent = np.round(bent * 127) / 127
        narrow = np.sign(bent) * (256 ** np.abs(bent) - 1) / 255 * top
        return resample_poly(narrow, 2, 1)[: len(x)]
    if kind == 1:
        top = rng.uniform(0.3, 0.8) * (np.abs(x).max() + 1e-9)
        return np.clip(x, -top, top)
    spectrum = np.fft.rfft(x)
    points = rng.uniform(-8, 8, 7)
    gain_db = np.interp(np.linspace(0, 6, len(spectrum)), range(7), points)
    return np.fft.irfft(spectrum * 10 ** (gain_db / 20), len(x))


def spoil(rng, x, responses, others):
    """`x` as it may arrive; `others` gives a stretch of someone else's speech of the length asked for."""
    x = x.astype(np.float64)
    if rng.random() < 0.65:
        x = fftconvolve(x, responses[rng.integers(len(responses))])[: len(x)]
    if rng.random() < 0.25:
        x = line(rng, x)
    if rng.random() < 0.8:
        kind = rng.random()
        if kind < 0.6:
            noise = coloured(rng, len(x))
        elif kind < 0.75:
            noise = clicks(rng, len(x))
        else:
            noise = sum(others(len(x)) for _ in range(rng.integers(3, 7)))
        power = np.mean(x**2) / (np.mean(noise**2) + 1e-12)
        x = x + noise * np.sqrt(power * 10 ** (-rng.uniform(3, 25) / 10))
    return x
