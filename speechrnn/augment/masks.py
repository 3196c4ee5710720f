"""Stretches of time and bands of frequency that are blanked out."""

from __future__ import annotations

import torch
from torch import Tensor

_MOST_OF_TIME = 5  # one mask hides at most a fifth of an utterance


def time_masks(feat_lens: Tensor, num_frames: int, most: int, draws: Tensor) -> Tensor:
    """Frames that are left.

    Park et al., "SpecAugment: A simple data augmentation method for automatic speech recognition"
    (Interspeech 2019). A mask is never longer than a fifth of the utterance.

    Args:
        feat_lens: (B) valid frames, int64.
        num_frames: T.
        most: Frames of the longest mask.
        draws: (B, masks, 2) uniform in [0, 1): width and place of each.

    Returns:
        (B, T) bool.
    """
    most_each = (feat_lens // _MOST_OF_TIME).clamp(max=most)
    return _left(num_frames, feat_lens[:, None], most_each[:, None], draws)


def frequency_masks(bands: int, most: int, draws: Tensor) -> Tensor:
    """Bands that are left.

    Args:
        bands: M.
        most: Bands of the widest mask.
        draws: (B, masks, 2) uniform in [0, 1): width and place of each.

    Returns:
        (B, M) bool.
    """
    whole = torch.full((1, 1), bands, device=draws.device)
    return _left(bands, whole, torch.full_like(whole, most), draws)


def _left(size: int, lengths: Tensor, most: Tensor, draws: Tensor) -> Tensor:
    widths = (draws[..., 0] * (most + 1)).long()  # (B, masks)
    starts = (draws[..., 1] * (lengths - widths + 1)).long()
    places = torch.arange(size, device=draws.device)
    masked = (places >= starts[..., None]) & (places < (starts + widths)[..., None])
    return ~masked.any(dim=1)
