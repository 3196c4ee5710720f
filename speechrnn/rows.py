"""Rows of samples, each copied in one piece: many times as fast as a place for every sample."""

from __future__ import annotations

import torch
from torch import Tensor


def stretches(samples: Tensor, starts: Tensor, width: int) -> Tensor:
    """Stretches of equal width out of a long run of samples.

    Args:
        samples: (N), in one piece of memory.
        starts: (B) int64, first sample of each, in [0, N - width].
        width: W, samples of each.

    Returns:
        (B, W).
    """
    return samples.unfold(0, width, 1).index_select(0, starts)


def span(starts: Tensor, stops: Tensor, width: int, dtype: torch.dtype) -> Tensor:
    """1 where start <= place < stop, else 0.

    Args:
        starts: (B) int64 in [0, width].
        stops: (B) int64 in [0, width].
        width: W, places.
        dtype: Of the result.

    Returns:
        (B, W).
    """
    return up_to(stops, width, dtype).mul_(1 - up_to(starts, width, dtype))


def up_to(stops: Tensor, width: int, dtype: torch.dtype) -> Tensor:
    """1 at the first `stop` places, else 0.

    Args:
        stops: (B) int64 in [0, width].
        width: W, places.
        dtype: Of the result.

    Returns:
        (B, W).
    """
    edge = torch.zeros(2 * width, dtype=dtype, device=stops.device)
    edge[:width] = 1
    return stretches(edge, width - stops, width)
