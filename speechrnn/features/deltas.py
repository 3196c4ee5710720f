"""Slopes of features over time."""

from __future__ import annotations

import torch
from torch import Tensor


def append_deltas(feats: Tensor, orders: int, kernel: int) -> Tensor:
    """Join features with their regression slopes and the slopes of these.

    `torchaudio.functional.compute_deltas` away from the edges. Valid windows only: each order
    costs `kernel // 2` frames at each end, of the lower orders too.

    Args:
        feats: (B, T, F).
        orders: How many slopes to append.
        kernel: Frames that one slope looks at, odd.

    Returns:
        (B, T - orders * (kernel - 1), F * (1 + orders)), the features first.
    """
    reach = kernel // 2
    parts = [feats]
    for _ in range(orders):
        slopes = _slope(parts[-1], reach)
        parts = [part[:, reach : part.shape[1] - reach] for part in parts] + [slopes]
    return torch.cat(parts, dim=-1)


def _slope(feats: Tensor, reach: int) -> Tensor:
    frames = feats.shape[1] - 2 * reach
    slope = torch.zeros_like(feats[:, :frames])
    for n in range(1, reach + 1):
        after = feats[:, reach + n : reach + n + frames]
        before = feats[:, reach - n : reach - n + frames]
        slope = slope + n * (after - before)
    return slope / (2 * sum(n * n for n in range(1, reach + 1)))
