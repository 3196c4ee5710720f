"""Decoded clips, kept as 16-bit samples on the training device."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from speechrnn.datadir import Utterance
from speechrnn.dataset.drawing import Played, class_weights, draw_batches
from speechrnn.shards.shard import FULL_SCALE


@dataclass(frozen=True)
class Dataset:
    """Clips laid end to end, each with its class: a whole corpus, or a part of one.

    What is drawn in training is a draw: draw `d` is clip `d % total` of the corpus. A clip that
    comes again in the same epoch comes as another draw, for augmentation to differ.

    Attributes:
        arena: (N,) int16, all samples.
        starts: (n,) int64, each clip's first sample in `arena`.
        lengths: (n,) int64, samples of each clip.
        targets: (n,) int64, each clip's class.
        utterances: Where the clips come from, in the same order.
        faults: One line for each utterance that could not be read and was left out.
        numbers: (n,) int64, ascending, on the CPU: which clips of the corpus these are; none: all.
        corpus_size: Clips of the corpus that these are a part of; none: these are all.
    """

    arena: Tensor
    starts: Tensor
    lengths: Tensor
    targets: Tensor
    utterances: Sequence[Utterance]
    faults: tuple[str, ...] = ()
    numbers: Tensor | None = None
    corpus_size: int | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def total(self) -> int:
        """Clips of the corpus."""
        return len(self) if self.corpus_size is None else self.corpus_size

    def to(self, device: torch.device) -> Dataset:
        """The same clips on another device."""
        names = ("arena", "starts", "lengths", "targets")
        return dataclasses.replace(self, **{n: getattr(self, n).to(device) for n in names})

    def clips(self, draws: Tensor) -> Tensor:
        """Which of these clips are drawn.

        Args:
            draws: Any shape, int64; of clips that are here.

        Returns:
            Indices into `lengths` and the like, of the same shape, int64.
        """
        numbers = draws % self.total
        return numbers if self.numbers is None else torch.searchsorted(self.numbers, numbers)

    def draws(self, clips: Tensor) -> Tensor:
        """The first draw of each of these clips, the inverse of `clips`."""
        return clips if self.numbers is None else self.numbers[clips]

    def waves(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Clips as they were recorded.

        Args:
            indices: (B,) which clips.

        Returns:
            wave: (B, S) float32 in [-1, 1], zero beyond each clip's end.
            wave_lens: (B,) int64, samples.
        """
        wave_lens = self.lengths[indices]
        offsets = torch.arange(int(wave_lens.max()), device=self.arena.device)
        inside = offsets < wave_lens[:, None]
        places = (self.starts[indices][:, None] + offsets).clamp_(max=len(self.arena) - 1)
        wave = self.arena[places].to(torch.float32) / FULL_SCALE
        return wave * inside, wave_lens

    def sample(self, count: int) -> tuple[Dataset, Tensor]:
        """Clips spread over the corpus, and which of them to take the measure of it by."""
        return self, torch.linspace(0, len(self) - 1, min(len(self), count)).long()

    def summary(self, sample_rate_hz: int) -> dict[str, Any]:
        """How much there is, as plain JSON values."""
        return {
            "utterances": len(self),
            "speakers": len({utterance.speaker for utterance in self.utterances}),
            "hours": round(int(self.lengths.sum()) / sample_rate_hz / 3600, 3),
        }

    def num_steps(self, batch_size: int) -> int:
        """Batches of an epoch, at least about."""
        return -(-len(self) // batch_size)

    def epoch(
        self,
        batch_size: int,
        balance: float,
        seed: int,
        epoch: int,
        *,
        first: int = 0,
        rank: int = 0,
        world: int = 1,
        played: Played | None = None,
    ) -> Iterator[tuple[Dataset, Tensor]]:
        """The batches of one training epoch, the same for the same seed and epoch.

        Classes are drawn with weight count ** -balance per clip, so that `balance` 0 takes every
        clip once and 1 draws each class equally often. Clips of similar length share a batch.

        Args:
            batch_size: Clips of a batch, over all processes; some have fewer.
            balance: In [0, 1].
            seed: The run's seed.
            epoch: The epoch.
            first: Batches to skip, where an interrupted epoch goes on.
            rank: Which of `world` processes this is.
            world: Processes that train together.
            played: What clips become before they meet in a batch; none: they stay as they are.

        Yields:
            clips: At least those that `part_of` the draws gives this process.
            draws: (B,) int64, all draws of the batch, on the CPU.
        """
        targets, random = self.targets.cpu(), np.random.default_rng((seed, epoch))
        expected = class_weights(targets.bincount(), balance)[targets]
        batches = draw_batches(self.lengths.cpu(), expected, batch_size, random, played)
        for draws in batches[first:]:
            yield self, draws


def sequential_batches(dataset: Dataset, batch_size: int) -> Iterator[Tensor]:
    """Every clip once, sorted by length, for evaluation.

    Returns:
        (B,) int64 clip indices for each batch.
    """
    yield from torch.argsort(dataset.lengths.cpu(), stable=True).split(batch_size)
