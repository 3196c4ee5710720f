"""Clips strung together into streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class Strung(NamedTuple):
    """Streams of equal length, each holding equally many clips.

    Attributes:
        wave: (B, S) float32, zero between the clips.
        starts: (B, K) int64, first sample of each clip.
        stops: (B, K) int64, sample behind its last.
    """

    wave: Tensor
    starts: Tensor
    stops: Tensor


def string(
    wave: Tensor,
    wave_lens: Tensor,
    gaps: Tensor,
    tail: int,
    multiple: int,
    longest: Callable[[int], int] = int,
) -> Strung:
    """Lay clips one behind the other.

    Args:
        wave: (B * K, S) float32, zero beyond each length.
        wave_lens: (B * K) int64, samples.
        gaps: (B, K) int64, silent samples before each clip.
        tail: Silent samples behind the last clip, at least.
        multiple: Streams are made a multiple of so many samples long.
        longest: Makes the length of these streams that of others that they have to match.
    """
    rows, clips = gaps.shape
    lens = wave_lens.view(rows, clips)
    stops = (gaps + lens).cumsum(1)
    starts = stops - lens
    total = longest(-(-(int(stops.max()) + tail) // multiple) * multiple)
    begins = (starts + torch.arange(rows, device=wave.device)[:, None] * total).flatten()
    places = begins[:, None] + torch.arange(wave.shape[1], device=wave.device)
    stream = wave.new_zeros(rows * total)
    # What a clip's padding falls on gets zeros added, and nothing is written behind the end.
    stream.index_add_(0, places.clamp_(max=rows * total - 1).flatten(), wave.flatten())
    return Strung(stream.view(rows, total), starts, stops)
