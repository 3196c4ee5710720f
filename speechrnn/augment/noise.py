"""Noise added to speech at a given signal-to-noise ratio, and noise made from nothing."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speechrnn.augment.cut import FULL_SCALE
from speechrnn.rows import stretches, up_to

_SLOPES = {"white": 0.0, "pink": 0.5, "brown": 1.0}  # of amplitude over frequency
_LEVEL = 0.1  # RMS
_TALKERS = 6


class Noise:
    """A run of noise that begins anew where it ends.

    Args:
        samples: (N) int16.
    """

    def __init__(self, samples: Tensor) -> None:
        self._samples = self._ring = samples

    def __len__(self) -> int:
        return len(self._samples)

    def stretches(self, starts: Tensor, width: int) -> Tensor:
        """Stretches of equal width.

        Args:
            starts: (B) int64, first sample of each, in [0, N).
            width: W, samples of each; may be more than there are.

        Returns:
            (B, W) int16.
        """
        again = len(self._ring) - len(self)
        if again < width:
            again = 1 << (width - 1).bit_length()  # seldom, though batches differ in width
            times = -(-again // len(self))
            self._ring = torch.cat([self._samples, self._samples.repeat(times)[:again]])
        return stretches(self._ring, starts, width)


def add_noise(
    wave: Tensor,
    wave_lens: Tensor,
    clip_lens: Tensor,
    rows: Tensor,
    noise: Noise,
    place: Tensor,
    snr_db: Tensor,
) -> None:
    """Add noise to some rows, in place, over their whole length.

    The ratio is that of the clip's mean power, silence around it left out, to the noise's.
    Nothing is added to a silent clip.

    Args:
        wave: (B, S) float32, silent outside of the clips.
        wave_lens: (B) int64, samples.
        clip_lens: (B) samples of the clip within.
        rows: (R) int64, which rows.
        noise: What is added; repeated where it is too short.
        place: (R) float32 in [0, 1), which part of the noise.
        snr_db: (R) float32.
    """
    lens, width = wave_lens[rows], wave.shape[1]
    starts = (place.double() * (len(noise) - lens + 1).clamp(min=1)).long()
    extra = noise.stretches(starts, width).to(wave.dtype).mul_(up_to(lens, width, wave.dtype))
    clean = wave[rows]
    level = torch.linalg.vector_norm(clean, dim=1) / clip_lens[rows].sqrt()
    noise_level = torch.linalg.vector_norm(extra, dim=1) / lens.sqrt()
    gain = level / noise_level.clamp(min=1e-6) * 10 ** (-snr_db / 20)
    wave.index_copy_(0, rows, clean.addcmul_(extra, gain[:, None]))


def synthetic_noise(seed: int, seconds: float, sample_rate_hz: int) -> Tensor:
    """White, pink and brown noise, hum of the mains and a babble of voices, one after the other.

    Args:
        seed: Same seed, same noise.
        seconds: Duration of it all.
        sample_rate_hz: Sampling rate.

    Returns:
        (N) int16, every kind at the same level.
    """
    random = np.random.default_rng(seed)
    samples = max(1, round(seconds * sample_rate_hz / (len(_SLOPES) + 2)))
    parts = [_shaped(random.standard_normal(samples), slope) for slope in _SLOPES.values()]
    parts += [_hum(samples, sample_rate_hz, random), _babble(samples, sample_rate_hz, random)]
    scaled = [part * (_LEVEL / np.sqrt(np.mean(part**2))) for part in parts]
    whole = np.clip(np.concatenate(scaled), -1, 1) * FULL_SCALE
    return torch.from_numpy(np.round(whole).astype(np.int16))


def _shaped(wave: NDArray[np.float64], slope: float, flat_bins: int = 1) -> NDArray[np.float64]:
    """Amplitudes falling by frequency ** -slope above the first bins."""
    spectrum = np.fft.rfft(wave)
    spectrum /= (np.maximum(np.arange(len(spectrum)), flat_bins) / flat_bins) ** slope
    spectrum[0] = 0
    return np.fft.irfft(spectrum, len(wave))


def _hum(samples: int, sample_rate_hz: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Harmonics of 50 and of 60 Hz, one half each, over a little hiss."""
    time_s = np.arange(samples) / sample_rate_hz
    base_hz = np.where(np.arange(samples) < samples // 2, 50.0, 60.0)
    order = np.arange(1, 13)[:, None]
    weights = random.uniform(0, 1, (12, 1)) / order
    tones = np.sin(2 * np.pi * order * base_hz * time_s + random.uniform(0, 2 * np.pi, (12, 1)))
    return (weights * tones).sum(0) + 0.02 * random.standard_normal(samples)


def _babble(samples: int, sample_rate_hz: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Voiced pulses and breath of several talkers, each with syllables of its own."""
    total = np.zeros(samples)
    for _ in range(_TALKERS):
        pitch_hz = random.uniform(90, 250) * np.exp(0.15 * _wander(samples, sample_rate_hz, random))
        pulses = np.exp(8 * (np.cos(2 * np.pi * np.cumsum(pitch_hz) / sample_rate_hz) - 1))
        source = pulses - pulses.mean() + 0.1 * random.standard_normal(samples)
        syllables = np.exp(1.5 * _wander(samples, sample_rate_hz, random))
        voice = _shaped(source, 1.2, max(1, round(500 * samples / sample_rate_hz)))
        total += voice * syllables / np.sqrt(np.mean(voice**2))
    return total


def _wander(samples: int, sample_rate_hz: int, random: np.random.Generator) -> NDArray[np.float64]:
    """A random curve of unit deviation that turns about four times a second."""
    knots = random.standard_normal(max(2, round(8 * samples / sample_rate_hz)))
    return np.interp(np.linspace(0, len(knots) - 1, samples), np.arange(len(knots)), knots)
