"""Sounds without speech for the class of silence, made from nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KINDS = ("white", "pink", "brown", "hum", "clicks", "digital")


def make_noise(
    kind: str, samples: int, sample_rate_hz: int, generator: np.random.Generator
) -> NDArray[np.float32]:
    """One second or so of a noise: (S,), peak at most 1 and level drawn from -60 to -20 dB.

    Args:
        kind: One of `KINDS`; `digital` is nothing but zeros.
        samples: S.
        sample_rate_hz: Sampling rate.
        generator: Source of all randomness.
    """
    if kind == "digital":
        return np.zeros(samples, np.float32)
    if kind == "hum":
        time_s = np.arange(samples) / sample_rate_hz
        base_hz = generator.choice([50.0, 60.0]) * generator.uniform(0.99, 1.01)
        weights = generator.uniform(0, 1, 8) / np.arange(1, 9)
        phases = generator.uniform(0, 2 * np.pi, (8, 1))
        tones = np.sin(2 * np.pi * base_hz * np.arange(1, 9)[:, None] * time_s + phases)
        wave = weights @ tones
    elif kind == "clicks":
        wave = np.zeros(samples)
        for start in generator.integers(0, samples, generator.integers(1, 12)):
            length = min(samples - start, int(generator.integers(8, 400)))
            decay = np.exp(-np.arange(length) / (length / 5))
            wave[start : start + length] += generator.standard_normal(length) * decay
    else:
        slope = {"white": 0.0, "pink": 0.5, "brown": 1.0}[kind]  # of amplitude over frequency
        spectrum = np.fft.rfft(generator.standard_normal(samples))
        spectrum /= np.maximum(np.arange(len(spectrum)), 1) ** slope
        wave = np.fft.irfft(spectrum, samples)
    level = 10.0 ** (generator.uniform(-60.0, -20.0) / 20.0)
    rms = float(np.sqrt(np.mean(wave**2))) or 1.0
    return np.clip(wave / rms * level, -1.0, 1.0).astype(np.float32)
