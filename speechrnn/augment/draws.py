"""Random numbers that belong to an utterance and an epoch, whatever batch they are drawn in."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_STEP = np.uint64(0x9E3779B97F4A7C15)
_SCALE = np.float32(2.0**-24)


class Stream(IntEnum):
    """What numbers are drawn for; each has its own."""

    WAVES = 0
    FEATURES = 1
    MIXUP = 2
    GAPS = 3
    BEDS = 4


def uniform(seed: int, epoch: int, utterances: Tensor, count: int, stream: Stream) -> Tensor:
    """Uniform numbers by counting: SplitMix64, keyed by seed, epoch, stream and utterance.

    Steele, Lea & Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014).

    Args:
        seed: The run's seed.
        epoch: The epoch.
        utterances: (B) int64, any numbers that tell utterances apart.
        count: How many numbers each utterance gets.
        stream: What they are for.

    Returns:
        (B, count) float32 in [0, 1), on the CPU.
    """
    key = np.zeros(1, np.uint64)
    for word in (seed, epoch, stream):
        key = _mix((key ^ np.uint64(word)) + _STEP)
    keys = _mix((key ^ utterances.cpu().numpy().astype(np.uint64)) + _STEP)
    steps = np.arange(1, count + 1, dtype=np.uint64) * _STEP
    bits = _mix(keys[:, None] + steps) >> np.uint64(40)
    return torch.from_numpy(bits.astype(np.float32) * _SCALE)


def spread(draws: Tensor, bounds: tuple[float, float]) -> Tensor:
    """Draws in [0, 1) as draws between (low, high)."""
    low, high = bounds
    return low + (high - low) * draws


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
