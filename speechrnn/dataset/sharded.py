"""A corpus larger than memory: a few blocks of its shards are there at a time."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from speechrnn.dataset.clips import Dataset
from speechrnn.dataset.drawing import Played, class_weights, draw_batches, part_of
from speechrnn.dataset.selection import Selection
from speechrnn.errors import DataError
from speechrnn.shards.folder import ShardFolder
from speechrnn.vocabulary import Vocabulary

PIECE_CLIPS = 512  # read in one go
BLOCK_PIECES = 16  # shuffled together


class ShardedDataset:
    """What `Dataset` is to a corpus in memory, to one in shards.

    Every shard is cut into pieces of neighbouring clips. An epoch takes all pieces in random order,
    some at a time: such a block is read, its clips are drawn, shuffled and dealt out in batches as
    `Dataset` does with the whole corpus, while the next block is being read. Which clips meet in a
    block differs from epoch to epoch, and is drawn from the seed and the epoch alone, so that a run
    goes on anywhere by leaving blocks out. A corpus of one block comes in the very batches that it
    comes in from memory.
    """

    def __init__(
        self,
        folders: Sequence[ShardFolder],
        labels: Vocabulary,
        sample_rate_hz: int,
        piece_clips: int = PIECE_CLIPS,
        block_pieces: int = BLOCK_PIECES,
    ) -> None:
        """Set up; no clip is read yet.

        Args:
            folders: Where the shards are.
            labels: Maps texts to classes; an empty one: all are of class 0.
            sample_rate_hz: Rate that the clips must have.
            piece_clips: Clips that are read in one go.
            block_pieces: Pieces that are shuffled together.

        Raises:
            DataError: Another rate, or a text has no class.
        """
        for folder in folders:
            if folder.sample_rate_hz != sample_rate_hz:
                raise DataError(
                    f"{folder.path}: holds {folder.sample_rate_hz} Hz, the configuration wants "
                    f"{sample_rate_hz}; set features.sample_rate_hz, or make shards of that rate"
                )
        self._folders = folders
        self._labels = labels
        self._device = torch.device("cpu")
        self._paths = [path for folder in folders for path in folder.paths]
        clips = [count for folder in folders for count in folder.clips]
        self._firsts = np.concatenate([[0], np.cumsum(clips, dtype=np.int64)])
        begins = [np.arange(a, b, piece_clips) for a, b in pairwise(self._firsts)]
        self._pieces = np.append(np.concatenate(begins), self._firsts[-1])
        self._num_blocks = -(-(len(self._pieces) - 1) // block_pieces)
        counts = torch.zeros(max(1, len(labels)), dtype=torch.int64)
        for folder in folders:
            for text, count in folder.texts.items():
                counts[labels.class_id(text) if labels else 0] += count
        self._counts = counts

    def __len__(self) -> int:
        return int(self._firsts[-1])

    def to(self, device: torch.device) -> ShardedDataset:
        """The same corpus, whose blocks go to another device."""
        other = copy.copy(self)
        other._device = device
        return other

    @property
    def total(self) -> int:
        """Clips of the corpus."""
        return len(self)

    @property
    def faults(self) -> tuple[str, ...]:
        """One line for each utterance that could not be read when the shards were made."""
        return tuple(fault for folder in self._folders for fault in folder.faults)

    def summary(self, sample_rate_hz: int) -> dict[str, Any]:
        """How much there is and of what, as plain JSON values."""
        speakers = {speaker for folder in self._folders for speaker in folder.speakers}
        hours = sum(folder.samples for folder in self._folders) / sample_rate_hz / 3600
        return {
            "utterances": len(self),
            "speakers": len(speakers),
            "hours": round(hours, 3),
            "shards": [folder.key for folder in self._folders],
        }

    def whole(self) -> Dataset:
        """All of it, in memory."""
        everything = self._select(np.arange(len(self))).read(len(self))
        return dataclasses.replace(everything, numbers=None, faults=self.faults)

    def sample(self, count: int) -> tuple[Dataset, Tensor]:
        """Clips spread over the corpus, and which of them to take the measure of it by."""
        spread = torch.linspace(0, len(self) - 1, min(len(self), count)).long().unique().numpy()
        return self._select(spread).read(len(self)).to(self._device), torch.arange(len(spread))

    def num_steps(self, batch_size: int) -> int:
        """Batches of an epoch, at least about: some of each block may be smaller."""
        return -(-len(self) // batch_size) + self._num_blocks - 1

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
        """The batches of one training epoch, see `Dataset.epoch`; a process reads its share only.

        Raises:
            DataError: A shard is missing, damaged or foreign.
        """
        plans = self._plans(batch_size, balance, seed, epoch, first, played)

        def read_next() -> tuple[Dataset, list[Tensor]] | None:
            selection, batches = next(plans, (None, []))
            if selection is None:
                return None
            if world > 1:
                mine = torch.cat([part_of(draws, rank, world) for draws in batches]) % len(self)
                selection = self._select(mine.unique().numpy())
            block = selection.read(len(self))
            if self._device.type == "cuda":
                block = dataclasses.replace(block, arena=block.arena.pin_memory())
            return block, batches

        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(read_next)
            while (found := coming.result()) is not None:
                block, batches = found[0].to(self._device), found[1]
                coming = reader.submit(read_next)
                for draws in batches:
                    yield block, draws

    def _plans(
        self,
        batch_size: int,
        balance: float,
        seed: int,
        epoch: int,
        first: int,
        played: Played | None,
    ) -> Iterator[tuple[Selection, list[Tensor]]]:
        """Each block of an epoch and the draws of its batches, from batch `first` on."""
        weights = class_weights(self._counts, balance)
        for number, clips in enumerate(self._blocks(seed, epoch)):
            selection = self._select(clips)
            # The key of block 0 gives the same numbers as (seed, epoch) does: NumPy's seeds are
            # filled up with zeros.
            random = np.random.default_rng((seed, epoch, number))
            lengths, numbers = torch.from_numpy(selection.lengths), torch.from_numpy(clips)
            expected = weights[torch.from_numpy(selection.targets)]
            here = partial(self._played, played, numbers) if played else None
            batches = draw_batches(lengths, expected, batch_size, random, here)
            if first >= len(batches):
                first -= len(batches)
                continue
            yield selection, [self._draws(numbers, draws) for draws in batches[first:]]
            first = 0

    def _draws(self, numbers: Tensor, draws: Tensor) -> Tensor:
        """Draws of the corpus that draws of a block's clips are."""
        return numbers[draws % len(numbers)] + draws // len(numbers) * len(self)

    def _played(self, played: Played, numbers: Tensor, lengths: Tensor, draws: Tensor) -> Tensor:
        return played(lengths, self._draws(numbers, draws))

    def _blocks(self, seed: int, epoch: int) -> Iterator[np.ndarray]:
        """(n) int64, ascending: the clips of each block."""
        order = np.random.default_rng((seed, epoch, 0, 1)).permutation(len(self._pieces) - 1)
        for pieces in np.array_split(order, self._num_blocks):
            pieces = np.sort(pieces)
            yield np.concatenate(
                [np.arange(self._pieces[piece], self._pieces[piece + 1]) for piece in pieces]
            )

    def _select(self, numbers: np.ndarray) -> Selection:
        return Selection(self._paths, self._firsts, numbers, self._labels)
