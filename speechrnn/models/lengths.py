"""Lengths of a batch: frame counts as tensors, and the masks that keep padding out."""

from __future__ import annotations

import torch
from torch import Tensor

from speechrnn.frames import FrameGrid


def num_frames(grid: FrameGrid, sample_lens: Tensor) -> Tensor:
    """`FrameGrid.num_frames` for every utterance of a batch.

    Args:
        grid: Where frames lie.
        sample_lens: (B) samples without context, int64.
    """
    # Floor division of the negative rounds up, as in FrameGrid.
    return (-(-sample_lens // grid.hop_samples)).clamp(min=1)


def valid_frames(grid: FrameGrid, sample_lens: Tensor) -> Tensor:
    """`FrameGrid.valid_frames` for every utterance of a batch.

    Args:
        grid: Where frames lie.
        sample_lens: (B) samples with context, int64.
    """
    return ((sample_lens - grid.window_samples) // grid.hop_samples + 1).clamp(min=0)


def span_mask(starts: Tensor, stops: Tensor, length: int) -> Tensor:
    """(B, length) true where starts <= t < stops.

    Args:
        starts: (B) first valid position of each row.
        stops: (B) position behind the last valid one.
        length: Size of the time axis.
    """
    places = torch.arange(length, device=stops.device)
    return (places >= starts[:, None]) & (places < stops[:, None])
