"""Filters that play a clip faster or slower."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

BLOCK = 64  # samples that one product makes; speeds are multiples of 1 / BLOCK
_REACH = 8  # input samples that matter on each side of an output sample


class SpeedFilters:
    """Windowed sinc interpolation, one matrix for each speed.

    At speed p / BLOCK a block of BLOCK output samples takes p input samples, whatever the block,
    so that resampling is a product with one matrix. Faster than 1, the filter also removes what
    would fold back.

    Args:
        speed: (low, high) range.
        device: Where the filters are used.
    """

    reach = _REACH

    def __init__(self, speed: tuple[float, float], device: torch.device) -> None:
        self._low, self._high = (max(1, round(bound * BLOCK)) for bound in speed)
        self.taps = self._high + 2 * _REACH
        steps = range(self._low, self._high + 1)
        bank = np.stack([_filter(step, self.taps) for step in steps]).astype(np.float32)
        self._bank = torch.from_numpy(bank).to(device)

    def steps(self, speed: Tensor) -> Tensor:
        """(B) int64 input samples per block, the nearest to (B) speeds."""
        return (speed * BLOCK).round().long().clamp_(self._low, self._high)

    def played(self, steps: Tensor) -> Tensor:
        """(B) float32 speeds that (B) steps amount to."""
        return steps / BLOCK

    def of(self, steps: Tensor) -> Tensor:
        """(B, taps, BLOCK) matrices; the first tap lies `reach` - 1 before the block's start."""
        return self._bank[steps - self._low]


def _filter(step: int, taps: int) -> np.ndarray:
    """(taps, BLOCK) weights."""
    centres = np.arange(BLOCK) * (step / BLOCK) + _REACH - 1
    away = np.arange(taps)[:, None] - centres
    window = np.where(np.abs(away) < _REACH, np.cos(np.pi * away / (2 * _REACH)) ** 2, 0)
    weights = np.sinc(away * min(1.0, BLOCK / step)) * window
    weights[np.abs(weights) < 1e-12] = 0  # speed 1: nothing but the sample itself
    return weights / weights.sum(0)
