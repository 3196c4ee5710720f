"""Cutting clips out of a long run of samples: silence around them, another speed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

FULL_SCALE = 32767.0
_PHASES = 4096  # speeds are multiples of 1 / _PHASES, so that every phase is in the table
_REACH = 3  # samples on each side of the place that is interpolated


def cut(
    arena: Tensor,
    starts: Tensor,
    lengths: Tensor,
    before: Tensor,
    after: Tensor,
    speed: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Clips with zeros around them, played faster or slower (pitch moves along).

    Speed 1 gives the very samples. Otherwise six points of a windowed sinc are used: inaudible
    images for speech at speeds near 1, but above 1 the top of the band folds back.

    Args:
        arena: (N) int16, all clips end to end.
        starts: (B) int64, each clip's first sample.
        lengths: (B) int64, samples of each clip.
        before: (B) int64, zeros before each clip.
        after: (B) int64, zeros behind it.
        speed: (B) float32, above 1 shortens; none: as recorded.

    Returns:
        wave: (B, S) float32 in [-1, 1], zero beyond each length.
        wave_lens: (B) int64, samples with the zeros around the clip.
        clip_lens: (B) int64, samples of the clip itself.
    """
    if speed is None:
        clip_lens, lead, width = lengths, before, int((before + lengths + after).max())
        return _rows(arena, starts, lengths, before, width), before + lengths + after, lengths
    steps = (speed.double() * _PHASES).round().long()
    clip_lens = torch.div((lengths - 1) * _PHASES, steps, rounding_mode="floor") + 1
    lead = torch.full_like(starts, _REACH)
    source = _rows(arena, starts, lengths, lead, int(lengths.max()) + 3 * _REACH)
    wave_lens = before + clip_lens + after
    offsets = torch.arange(int(wave_lens.max()), device=arena.device) - before[:, None]
    places = offsets * steps[:, None]  # in phases
    phases = places.bitwise_and(_PHASES - 1)
    nearest = places.bitwise_right_shift_(_PHASES.bit_length() - 1)
    # Row sample _REACH is the clip's first; the taps of sample n start at n - (_REACH - 1).
    nearest = nearest.add_(1).clamp_(0, source.shape[1] - 2 * _REACH)
    wave = _interpolate(source, nearest, phases)
    inside = (offsets >= 0) & (offsets < clip_lens[:, None])
    return wave * inside, wave_lens, clip_lens


def _rows(arena: Tensor, starts: Tensor, lengths: Tensor, lead: Tensor, width: int) -> Tensor:
    """(B, width) float32: `lead` zeros, the clip, zeros."""
    offsets = torch.arange(width, device=arena.device) - lead[:, None]
    inside = (offsets >= 0) & (offsets < lengths[:, None])
    places = (starts[:, None] + offsets).clamp_(0, len(arena) - 1)
    samples = arena.index_select(0, places.view(-1)).view(places.shape)
    return samples.to(torch.float32).div_(FULL_SCALE).mul_(inside)


def _interpolate(source: Tensor, first: Tensor, phases: Tensor) -> Tensor:
    """Sum of the taps that start at `first`, weighted by phase."""
    table = _sinc_table().to(source.device)
    wave = torch.zeros_like(first, dtype=torch.float32)
    for tap, weights in enumerate(table):
        weight = weights.index_select(0, phases.view(-1)).view(phases.shape)
        wave.addcmul_(source[:, tap:].gather(1, first), weight)
    return wave


def _sinc_table() -> Tensor:
    """(2 * _REACH, _PHASES) Lanczos weights; phase 0 is the sample itself."""
    phase = np.arange(_PHASES) / _PHASES
    away = phase - np.arange(1 - _REACH, _REACH + 1)[:, None]
    weights = np.sinc(away) * np.sinc(away / _REACH)
    weights[:, 0] = np.arange(1 - _REACH, _REACH + 1) == 0
    return torch.from_numpy((weights / weights.sum(0)).astype(np.float32))
