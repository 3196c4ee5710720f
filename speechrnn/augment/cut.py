"""Cutting clips out of a long run of samples, with silence around them and at another speed."""

from __future__ import annotations

import torch
from torch import Tensor

from speechrnn.augment.speed import BLOCK, SpeedFilters

FULL_SCALE = 32767.0


def cut(
    arena: Tensor, starts: Tensor, lengths: Tensor, before: Tensor, after: Tensor
) -> tuple[Tensor, Tensor]:
    """Clips as recorded, with zeros around them.

    Args:
        arena: (N) int16, all clips end to end.
        starts: (B) int64, each clip's first sample.
        lengths: (B) int64, samples of each clip.
        before: (B) int64, zeros before each clip.
        after: (B) int64, zeros behind it.

    Returns:
        wave: (B, S) float32 in [-1, 1], zero outside of the clips.
        wave_lens: (B) int64, samples with the zeros around the clip.
    """
    wave_lens = before + lengths + after
    offsets = _count(int(wave_lens.max()), arena) - before[:, None].int()
    return _read(arena, starts, lengths, offsets), wave_lens


def cut_at_speed(
    arena: Tensor,
    starts: Tensor,
    lengths: Tensor,
    before: Tensor,
    after: Tensor,
    steps: Tensor,
    filters: SpeedFilters,
) -> tuple[Tensor, Tensor]:
    """Clips with zeros around them, all of it played faster or slower; pitch moves along.

    Args:
        arena: (N) int16, all clips end to end.
        starts: (B) int64, each clip's first sample.
        lengths: (B) int64, samples of each clip.
        before: (B) int64, zeros before each clip, in its own samples.
        after: (B) int64, zeros behind it, in its own samples.
        steps: (B) int64, speeds as `filters.steps` has them; speed 1 gives the very samples.
        filters: Made for a range of speeds that covers these.

    Returns:
        wave: (B, S) float32, zero outside of the clips but for what the filters ring.
        wave_lens: (B) int64, samples with the zeros around the clip.
    """
    total = before + lengths + after
    wave_lens = torch.div((total - 1) * BLOCK, steps, rounding_mode="floor") + 1
    width = int(wave_lens.max())
    blocks = _count(-(-width // BLOCK), arena)
    firsts = blocks * steps[:, None] - before[:, None] - filters.reach + 1  # (B, blocks)
    offsets = firsts[:, :, None].int() + _count(filters.taps, arena)
    source = _read(arena, starts[:, None], lengths[:, None], offsets)
    wave = torch.bmm(source, filters.of(steps)).flatten(1)[:, :width]
    return wave * inside(_count(width, arena), wave_lens), wave_lens


def inside(offsets: Tensor, lengths: Tensor) -> Tensor:
    """1 where 0 <= offset < length, else 0; comparing would take several times as long.

    Args:
        offsets: (..., n) int32.
        lengths: (...) int64.

    Returns:
        (..., n) int16.
    """
    ends = lengths[..., None].int()
    return torch.minimum(offsets + 1, ends - offsets).clamp_(0, 1).short()


def _read(arena: Tensor, starts: Tensor, lengths: Tensor, offsets: Tensor) -> Tensor:
    """Samples at `offsets` (..., n) from `starts` (...), zero outside of the clips."""
    starts = starts.int() if len(arena) < 2**31 else starts
    places = (starts[..., None] + offsets).clamp_(0, len(arena) - 1)
    samples = arena.index_select(0, places.view(-1)).view(places.shape)
    return (samples * inside(offsets, lengths)).to(torch.float32).div_(FULL_SCALE)


def _count(size: int, like: Tensor) -> Tensor:
    return torch.arange(size, dtype=torch.int32, device=like.device)
