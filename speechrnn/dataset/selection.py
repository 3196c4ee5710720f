"""Clips picked out of shards: their index first, their samples when they are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from io import FileIO
from pathlib import Path

import numpy as np
import torch

from speechrnn.datadir import Utterance
from speechrnn.dataset.clips import Dataset
from speechrnn.errors import DataError
from speechrnn.shards.shard import Shard
from speechrnn.vocabulary import Vocabulary

_SAMPLE_BYTES = 2


class Selection(Sequence[Utterance]):
    """Some clips of a collection of shards, which it numbers through.

    As a sequence it holds what the clips were made of, read when asked for.

    Attributes:
        numbers: (n) int64, ascending, which clips of the collection these are.
        lengths: (n) int64, samples of each clip.
        targets: (n) int64, each clip's class.
    """

    def __init__(
        self, paths: Sequence[Path], firsts: np.ndarray, numbers: np.ndarray, labels: Vocabulary
    ) -> None:
        """Read the index of these clips.

        Args:
            paths: All shards of the collection.
            firsts: (shards + 1) int64, the number of each shard's first clip, and of all clips.
            numbers: (n) int64, ascending.
            labels: The classes; none: all clips are of class 0.

        Raises:
            DataError: A shard is missing, damaged or foreign, or a text has no class.
        """
        self.numbers = numbers
        self._shards: list[Shard] = []
        self._clips: list[np.ndarray] = []  # of each shard, which of its clips
        self._ends: list[int] = []  # of each shard, how many clips there are up to its last
        lengths, targets = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        bounds = np.searchsorted(numbers, firsts)
        for index in np.flatnonzero(np.diff(bounds)).tolist():
            shard = Shard(paths[index])
            if len(shard) != firsts[index + 1] - firsts[index]:
                raise DataError(
                    f"{shard.path}: has {len(shard)} clips, shards.json says "
                    f"{firsts[index + 1] - firsts[index]}; make the shards again"
                )
            clips = numbers[bounds[index] : bounds[index + 1]] - firsts[index]
            classes = [labels.class_id(text) if labels else 0 for text in shard.texts]
            self._shards.append(shard)
            self._clips.append(clips)
            self._ends.append(int(bounds[index + 1]))
            lengths.append(shard.lengths[clips])
            targets.append(np.array(classes, np.int64)[shard.container["text"][clips]])
        self.lengths = np.concatenate(lengths)
        self.targets = np.concatenate(targets)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, clip):  # type: ignore[no-untyped-def]
        if isinstance(clip, slice):
            return [self[i] for i in range(*clip.indices(len(self)))]
        index = int(np.searchsorted(self._ends, clip, side="right"))
        begin = self._ends[index - 1] if index else 0
        return self._shards[index].utterance(int(self._clips[index][clip - begin]))

    def read(self, corpus_size: int) -> Dataset:
        """The clips, read into memory; neighbours in one go."""
        arena = np.empty(int(self.lengths.sum()), np.int16)
        filled = 0
        for shard, clips in zip(self._shards, self._clips, strict=True):
            breaks = np.flatnonzero(np.diff(clips) != 1) + 1
            begins, ends = clips[np.r_[0, breaks]], clips[np.r_[breaks - 1, len(clips) - 1]] + 1
            offset = shard.container.offset("samples")
            with open(shard.path, "rb", buffering=0) as file:
                for first, last in zip(shard.starts[begins], shard.starts[ends], strict=True):
                    file.seek(offset + int(first) * _SAMPLE_BYTES)
                    stretch = arena[filled : filled + int(last - first)]
                    _fill(file, stretch, shard.path)
                    filled += len(stretch)
        lengths = torch.from_numpy(self.lengths)
        return Dataset(
            torch.from_numpy(arena),
            lengths.cumsum(0) - lengths,
            lengths,
            torch.from_numpy(self.targets),
            self,
            numbers=torch.from_numpy(self.numbers),
            corpus_size=corpus_size,
        )


def _fill(file: FileIO, samples: np.ndarray, path: Path) -> None:
    view = samples.data.cast("B")
    while view:
        count = file.readinto(view)  # at most 2 GB at a time
        if not count:
            raise DataError(f"{path}: ends too early; make the shards again")
        view = view[count:]
