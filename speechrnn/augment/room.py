"""Rooms and channels: reverberation and band limits, applied in one pass through the spectrum."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from speechrnn.rows import up_to

_ROOMS = 48
_DIRECT_DB = (0.0, 12.0)  # direct sound over all reflections
_GAP_MS = 3.0  # from the direct sound to the first reflection
_SETTLE_MS = 50.0  # by then the band limits have rung out


def room_responses(seed: int, reverberation_s: tuple[float, float], sample_rate_hz: int) -> Tensor:
    """Impulse responses of made-up rooms: direct sound, then noise that decays exponentially.

    High frequencies die away twice as fast as low ones. Each response has unit energy, and the
    direct sound comes at once, so that neither level nor timing of speech moves.

    Args:
        seed: Same seed, same rooms.
        reverberation_s: Range of the time in which reflections fall by 60 dB.
        sample_rate_hz: Sampling rate.

    Returns:
        (1 + rooms, L) float32; the first is no room at all.
    """
    random = np.random.default_rng(seed)
    low_s, high_s = reverberation_s
    samples = max(2, round(high_s * sample_rate_hz))
    time_s = np.arange(samples) / sample_rate_hz
    decay_s = (low_s + (high_s - low_s) * (np.arange(_ROOMS) + 0.5) / _ROOMS)[:, None]
    noise = random.standard_normal((2, _ROOMS, samples))
    dull = np.cumsum(noise[1], axis=1) - np.cumsum(np.roll(noise[1], 8, axis=1), axis=1)
    fall = 3 * math.log(10) * time_s / np.maximum(decay_s, 1e-3)
    tail = noise[0] * np.exp(-2 * fall) + dull / math.sqrt(8) * np.exp(-fall)
    tail[:, : max(1, round(_GAP_MS * sample_rate_hz / 1000))] = 0
    direct = 10 ** (random.uniform(*_DIRECT_DB, (_ROOMS, 1)) / 10)
    energy = np.maximum((tail**2).sum(1, keepdims=True), 1e-12)
    tail /= np.sqrt(energy * direct)
    tail[:, 0] = 1
    tail /= np.sqrt((tail**2).sum(1, keepdims=True))
    nothing = np.zeros((1, samples))
    nothing[0, 0] = 1
    return torch.from_numpy(np.concatenate([nothing, tail]).astype(np.float32))


class Rooms:
    """Impulse responses, and the spectra of them that were asked for.

    Args:
        responses: (rooms, L) float32.
    """

    def __init__(self, responses: Tensor) -> None:
        self._responses = responses
        self._spectra: dict[int, Tensor] = {}  # few sizes are fast, so that few come

    def __len__(self) -> int:
        return len(self._responses)

    @property
    def samples(self) -> int:
        """Of each response."""
        return self._responses.shape[1]

    def spectra(self, rooms: Tensor, size: int) -> Tensor:
        """(R, size // 2 + 1) complex, of responses padded to `size` samples.

        Args:
            rooms: (R) int64, which.
            size: At least `samples`.
        """
        if size not in self._spectra:
            self._spectra[size] = torch.fft.rfft(self._responses, n=size)
        return self._spectra[size][rooms]


def transmit(
    wave: Tensor,
    wave_lens: Tensor,
    rows: Tensor,
    rooms: Rooms,
    chosen: Tensor,
    low_hz: Tensor,
    high_hz: Tensor,
    sample_rate_hz: int,
) -> None:
    """Send some rows through a room and a channel, in place; lengths stay as they are.

    The channel has the amplitude response of Butterworth filters and no delay.

    Args:
        wave: (B, S) float32, zero beyond `wave_lens`.
        wave_lens: (B) int64, samples.
        rows: (R) int64, which rows.
        rooms: Where they may be.
        chosen: (R) int64, the room of each.
        low_hz: (R) float32, what lies below is removed; 0: nothing.
        high_hz: (R) float32, what lies above is removed; infinite: nothing.
        sample_rate_hz: Sampling rate.
    """
    width = wave.shape[1]
    settle = round(_SETTLE_MS * sample_rate_hz / 1000)
    size = _fast_size(width + rooms.samples + settle)
    spectrum = torch.fft.rfft(wave[rows], n=size).mul_(rooms.spectra(chosen, size))
    bins_hz = torch.arange(size // 2 + 1, device=wave.device) * (sample_rate_hz / size)
    below = low_hz[:, None] / bins_hz.clamp(min=1e-3)
    above = bins_hz / high_hz[:, None]
    # Squared time and again, which is far cheaper than a power: orders 4 and 8.
    below = below.square_().square_().square_()
    above = above.square_().square_().square_().square_()
    spectrum *= (1 + below).mul_(1 + above).rsqrt_()
    sent = torch.fft.irfft(spectrum, n=size)[:, :width]
    wave.index_copy_(0, rows, sent * up_to(wave_lens[rows], width, wave.dtype))


def _fast_size(least: int) -> int:
    """The next size of 2, 3 or 5 times a power of two."""
    power = 1 << max(3, (least - 1).bit_length())
    return min(size for size in (power, power * 3 // 4, power * 5 // 8) if size >= least)
