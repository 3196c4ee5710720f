"""Kaldi data directories too long for memory: utterances are read when they are asked for."""

from __future__ import annotations

import mmap
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import accumulate, zip_longest
from pathlib import Path
from typing import Protocol

import numpy as np

from speechrnn.datadir.files import read_datadir, utterance_of
from speechrnn.datadir.tables import Row, keyed, read_rows, row_of, segment_times, wav_path
from speechrnn.datadir.utterance import Utterance
from speechrnn.errors import DataError


class Utterances(Protocol):
    """Utterances by number."""

    def __len__(self) -> int:
        """How many they are."""

    def __getitem__(self, number: int, /) -> Utterance:
        """One of them."""


def index_datadirs(directories: Sequence[Path]) -> Utterances:
    """The utterances of several directories, one after the other, in 24 B of memory each.

    That holds where the files of a directory go in step: sorted, the same utterances in each, as
    this package writes them and Kaldi's fix_data_dir.sh leaves them. What does not is read as a
    whole.

    Raises:
        DataError: See `read_datadir`.
    """
    return _Chain([_index(directory) for directory in directories])


def _index(directory: Path) -> Utterances:
    try:
        indexed = _Indexed(directory)
        for number in range(len(indexed)):
            indexed[number]
    except (DataError, OSError, ValueError):
        return read_datadir(directory)  # which sorts, or tells all that is wrong
    return indexed


class _Chain:
    def __init__(self, parts: Sequence[Utterances]) -> None:
        self._parts = parts
        self._ends = list(accumulate(map(len, parts)))

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, number: int, /) -> Utterance:
        part = bisect_right(self._ends, number)
        return self._parts[part][number - (self._ends[part - 1] if part else 0)]


class _Indexed:
    """A directory whose files go in step.

    Raises:
        DataError: They do not, or an utterance has a fault.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._recordings: dict[str, Path] | None = None
        audio = directory / "wav.scp"
        if (directory / "segments").exists():
            faults: list[str] = []
            rows = keyed(read_rows(audio), faults)
            if faults:
                raise DataError(faults[0])
            self._recordings = {name: wav_path(row, directory) for name, row in rows.items()}
            audio = directory / "segments"
        paths = (audio, directory / "text", directory / "utt2spk")
        self._tables = [_Table(*it) for it in zip(paths, _in_step(paths), strict=True)]

    def __len__(self) -> int:
        return len(self._tables[0])

    def __getitem__(self, number: int, /) -> Utterance:
        audio, text, speaker = (table[number] for table in self._tables)
        if self._recordings is None:
            return utterance_of(audio, wav_path(audio, self._directory), text, speaker)
        stretch = segment_times(audio)
        if stretch[0] not in self._recordings:
            raise DataError(f"{audio.where}: recording {stretch[0]} is not in wav.scp")
        return utterance_of(audio, self._recordings[stretch[0]], text, speaker, stretch)


class _Table:
    """The lines of a file."""

    def __init__(self, path: Path, starts: np.ndarray) -> None:
        """Open; `starts` (n + 1) is where each line begins, and the file's end."""
        self._path = path
        self._starts = starts
        with open(path, "rb") as file:
            self._content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, number: int) -> Row:
        line = self._content[self._starts[number] : self._starts[number + 1]].decode()
        row = row_of(self._path, number + 1, line)
        if row is None:
            raise DataError(f"{self._path}:{number + 1}: is empty")
        return row


def _in_step(paths: Sequence[Path]) -> list[np.ndarray]:
    """Where the lines of files begin that have the same sorted keys."""
    starts = [array("q", [0]) for _ in paths]
    last = b""
    with ExitStack() as stack:
        files = [stack.enter_context(open(path, "rb")) for path in paths]
        for lines in zip_longest(*files, fillvalue=b""):
            first, *others = (line.split(maxsplit=1)[:1] for line in lines)
            if not first or first[0] <= last or any(key != first for key in others):
                raise DataError(f"{paths[0]}: does not go in step with {paths[1:]}")
            last = first[0]
            for begins, line in zip(starts, lines, strict=True):
                begins.append(begins[-1] + len(line))
    return [np.frombuffer(begins, np.int64) for begins in starts]
