"""Fixed conditions that a recogniser is tested in: noise, loudness, a telephone, rooms."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from speechrnn.audio.resampling import resample
from speechrnn.augment.cut import FULL_SCALE
from speechrnn.augment.draws import Stream, uniform
from speechrnn.augment.noise import Noise, add_noise
from speechrnn.augment.room import Rooms, room_responses, transmit

SNRS_DB = (20, 10, 5, 0)
GAINS_DB = (-30, -20, -10, 6)
REVERBERATIONS_S = (0.3, 0.6)
_TELEPHONE_HZ = (300.0, 3400.0)
_TELEPHONE_RATE_HZ = 8000
_BLOCK = 1600
_DIGITAL_SILENCE = 3.0  # RMS of 16-bit samples: 81 dB below full scale


@dataclass(frozen=True)
class Condition:
    """A change to clips, the same for the same clip and seed.

    Attributes:
        kind: Such as "noise".
        degree: How much of it, with its unit.
        change: Makes new (B, S) waves of (B, S) waves, (B) int64 lengths in samples, and (B) int64
            numbers of the clips, which its draws hang on.
    """

    kind: str
    degree: str
    change: Callable[[Tensor, Tensor, Tensor], Tensor]

    def __call__(self, wave: Tensor, wave_lens: Tensor, clips: Tensor) -> Tensor:
        """The clips as 16-bit recordings made under this condition; what is too loud is clipped."""
        levels = (self.change(wave, wave_lens, clips) * FULL_SCALE).round()
        return levels.clamp(-FULL_SCALE, FULL_SCALE) / FULL_SCALE


def all_conditions(sample_rate_hz: int, seed: int, noise: Tensor | None) -> list[Condition]:
    """Clips as they are, and under each condition alone.

    Args:
        sample_rate_hz: Rate of the clips.
        seed: Same seed, same stretches of noise and same rooms.
        noise: (N) int16 at that rate; none: no noise is added.
    """
    found = [Condition("as recorded", "", lambda wave, wave_lens, clips: wave)]
    if noise is not None:
        sounding = Noise(without_silence(noise))
        found += [
            Condition("noise", f"{snr_db} dB", partial(_noisy, sounding, snr_db, seed))
            for snr_db in SNRS_DB
        ]
    found += [Condition("gain", f"{gain:+d} dB", partial(_louder, gain)) for gain in GAINS_DB]
    found.append(Condition("telephone", "300–3400 Hz", partial(_telephoned, sample_rate_hz)))
    return found + [
        Condition("room", f"RT60 {time_s:g} s", partial(_in_room, time_s, seed, sample_rate_hz))
        for time_s in REVERBERATIONS_S
    ]


def without_silence(noise: Tensor) -> Tensor:
    """Noise without the digital silence that fills recordings up to a common length.

    Args:
        noise: (N) int16.

    Returns:
        (N') int16.
    """
    blocks = noise[: len(noise) // _BLOCK * _BLOCK].view(-1, _BLOCK)
    levels = blocks.float().square().mean(1).sqrt()
    return blocks[levels > _DIGITAL_SILENCE].flatten()


def _noisy(
    noise: Noise, snr_db: float, seed: int, wave: Tensor, wave_lens: Tensor, clips: Tensor
) -> Tensor:
    wave = wave.clone()
    place = uniform(seed, 0, clips, 1, Stream.BEDS)[:, 0]
    ratios_db = torch.full((len(wave),), float(snr_db))
    add_noise(wave, wave_lens, wave_lens, torch.arange(len(wave)), noise, place, ratios_db)
    return wave


def _louder(gain_db: float, wave: Tensor, wave_lens: Tensor, clips: Tensor) -> Tensor:
    return wave * 10 ** (gain_db / 20)


def _telephoned(sample_rate_hz: int, wave: Tensor, wave_lens: Tensor, clips: Tensor) -> Tensor:
    low_hz, high_hz = (torch.full((len(wave),), hz) for hz in _TELEPHONE_HZ)
    wave = wave.clone()
    rows, outside = torch.arange(len(wave)), Rooms(torch.ones(1, 1))
    transmit(
        wave, wave_lens, rows, outside, torch.zeros_like(rows), low_hz, high_hz, sample_rate_hz
    )
    for row, length in zip(wave.numpy(), wave_lens.tolist(), strict=True):
        there = resample(row[:length], sample_rate_hz, _TELEPHONE_RATE_HZ)
        back = resample(there, _TELEPHONE_RATE_HZ, sample_rate_hz)[:length]
        row[: len(back)] = back
    return wave


def _in_room(
    reverberation_s: float,
    seed: int,
    sample_rate_hz: int,
    wave: Tensor,
    wave_lens: Tensor,
    clips: Tensor,
) -> Tensor:
    rooms = room_responses(seed, (reverberation_s, reverberation_s), sample_rate_hz)[1:]
    chosen = (uniform(seed, 0, clips, 1, Stream.WAVES)[:, 0] * len(rooms)).long()
    open_hz = torch.zeros(len(wave)), torch.full((len(wave),), math.inf)
    wave, rows = wave.clone(), torch.arange(len(wave))
    transmit(wave, wave_lens, rows, Rooms(rooms), chosen, *open_hz, sample_rate_hz)
    return wave
