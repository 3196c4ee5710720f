"""Cutting clips out of a long run of samples, with silence around them and at another speed."""

from __future__ import annotations

import torch
from torch import Tensor

from speechrnn.augment.speed import BLOCK, SpeedFilters
from speechrnn.rows import span, stretches, up_to

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
    width = int(wave_lens.max())
    firsts = torch.arange(0, width, BLOCK, device=arena.device) - before[:, None]
    wave = _read(arena, starts, lengths, firsts, BLOCK).flatten(1)[:, :width]
    return wave.contiguous(), wave_lens


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
    wave_lens = played_lens(before + lengths + after, steps)
    width = int(wave_lens.max())
    blocks = torch.arange(-(-width // BLOCK), device=arena.device)
    firsts = blocks * steps[:, None] - before[:, None] - filters.reach + 1  # (B, blocks)
    source = _read(arena, starts, lengths, firsts, filters.taps)
    wave = torch.bmm(source, filters.of(steps)).flatten(1)[:, :width]
    return wave * up_to(wave_lens, width, wave.dtype), wave_lens


def played_lens(lens: Tensor, steps: Tensor) -> Tensor:
    """(B) samples that (B) samples, at least one, become at speeds as `SpeedFilters` has them."""
    return torch.div((lens - 1) * BLOCK, steps, rounding_mode="floor") + 1


def _read(arena: Tensor, starts: Tensor, lengths: Tensor, firsts: Tensor, size: int) -> Tensor:
    """Pieces of clips, zero outside of them.

    Args:
        arena: (N) int16, all clips end to end.
        starts: (B) int64, each clip's first sample.
        lengths: (B) int64, samples of each clip.
        firsts: (B, n) int64, where in its clip each piece begins; anywhere.
        size: Samples of a piece.

    Returns:
        (B, n, size) float32.
    """
    longest = int(lengths.max())
    begins = starts.clamp(max=len(arena) - longest)
    before = (starts - begins)[:, None]  # of the last clips' rows belong to others
    clips = stretches(arena, begins, longest)
    clips *= span(before[:, 0], before[:, 0] + lengths, longest, clips.dtype)
    wave = clips.new_zeros(len(clips), size + longest + size, dtype=torch.float32)
    torch.div(clips, FULL_SCALE, out=wave[:, size:-size])
    # A piece that lies beside its clip reads the zeros there.
    places = size + (firsts + before).clamp_(-size, longest)
    places += wave.shape[1] * torch.arange(len(wave), device=wave.device)[:, None]
    return stretches(wave.view(-1), places.flatten(), size).view(*firsts.shape, size)
