"""The batches of an epoch: which clips are drawn, how often, and which share a batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

# From (B) clips' samples and their (B) draws to (B) samples that they become, all int64.
Played = Callable[[Tensor, Tensor], Tensor]

_SORTED_BATCHES = 16  # batches' worth of shuffled clips that are sorted by length together


def draw_batches(
    lengths: Tensor,
    expected: Tensor,
    batch_size: int,
    random: np.random.Generator,
    played: Played | None,
) -> list[Tensor]:
    """Draw clips, shuffle them and deal them out; clips of similar length share a batch.

    Args:
        lengths: (n) int64, samples of each clip.
        expected: (n) float64, how often each clip is drawn on average.
        batch_size: Clips of a batch, at most: the last clips are shared out evenly, for a small
            batch of the longest would count as much as any.
        random: Decides.
        played: What clips become before they meet in a batch; none: they stay as they are.

    Returns:
        (B,) int64 draws for each batch. Draw `d` is clip `d % n`; when a clip comes again its draw
        is another, for augmentation to differ.
    """
    order = random.permutation(_resampled(expected.numpy(), random))
    batches = []
    for begin in range(0, len(order), batch_size * _SORTED_BATCHES):
        part = order[begin : begin + batch_size * _SORTED_BATCHES]
        draws = torch.from_numpy(part)
        sizes = lengths[draws % len(lengths)]
        if played is not None:
            sizes = played(sizes, draws)
        part = part[np.argsort(sizes.numpy(), kind="stable")]
        batches += np.array_split(part, -(-len(part) // batch_size))
    return [torch.from_numpy(batches[i]) for i in random.permutation(len(batches))]


def part_of(draws: Tensor, rank: int, world: int) -> Tensor:
    """What one of `world` processes has of a batch; all of one that does not go round.

    Args:
        draws: (B) int64, of the whole batch.
        rank: Which process.
        world: How many they are.
    """
    return draws[rank::world] if len(draws) >= world else draws


def class_weights(counts: Tensor, balance: float) -> Tensor:
    """How often a clip of each class is drawn, so that an epoch has as many draws as clips.

    Classes are drawn with weight count ** -balance per clip: `balance` 0 takes every clip once and
    1 draws each class equally often.

    Args:
        counts: (C) int64, clips of each class.
        balance: In [0, 1].

    Returns:
        (C) float64, 0 for classes without clips.
    """
    clips = counts.double()
    weights = torch.where(counts > 0, clips.clamp(min=1) ** -balance, 0.0)
    return weights * (clips.sum() / (weights * clips).sum())


def _resampled(expected: np.ndarray, random: np.random.Generator) -> np.ndarray:
    # Systematic resampling: each clip comes floor(expected) or ceil(expected) times.
    steps = np.floor(np.cumsum(expected) + random.random())
    copies = np.diff(steps, prepend=0.0).astype(np.int64)
    first = np.repeat(np.cumsum(copies) - copies, copies)
    times_before = np.arange(len(first)) - first
    return np.repeat(np.arange(len(expected)), copies) + times_before * len(expected)
