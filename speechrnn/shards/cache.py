"""The decoded clips of whole lists of utterances, kept on disk from run to run."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from speechrnn.datadir import Utterance
from speechrnn.errors import DataError
from speechrnn.shards.container import Container, write_container
from speechrnn.shards.identity import decoding_key
from speechrnn.shards.making import local_executor, write_shards
from speechrnn.shards.shard import Shard

log = logging.getLogger(__name__)

_PART_CLIPS = 512
_SUFFIX = ".clips"
_GIGABYTE = 1e9


@dataclass(frozen=True)
class DecodedClips:
    """What decoding a list of utterances gives.

    Attributes:
        samples: (N) int16, all clips end to end.
        lengths: (n) int64, samples of each clip.
        positions: (n) int64, which utterance of the list each clip is.
        faults: One line for each utterance that could not be read.
    """

    samples: np.ndarray
    lengths: np.ndarray
    positions: np.ndarray
    faults: tuple[str, ...]


class ClipCache:
    """A directory of decoded lists, the least recently used of which make room for new ones.

    An entry is a file in the safetensors format with the arrays of `DecodedClips`, named after what
    it was decoded from (`decoding_key`). It is put together from parts, each whole or absent, so
    that decoding that was broken off goes on with the parts that are there; only then does it take
    its place. An entry whose checksum is wrong is decoded anew. Of several processes that want the
    same entry one decodes and the others wait.

    Attributes:
        directory: Where the entries are.
    """

    def __init__(
        self,
        directory: Path,
        limit_gb: float = 20.0,
        executor: Callable[[int], AbstractContextManager[Executor]] = local_executor,
    ) -> None:
        """Set up; nothing is read or written yet.

        Args:
            directory: Where the entries are; made where it lacks.
            limit_gb: What all entries may take. A list that takes more is decoded each time.
            executor: Given a number of utterances, what decodes them.
        """
        self.directory = directory
        self._limit_bytes = int(limit_gb * _GIGABYTE)
        self._executor = executor

    def load(
        self,
        utterances: Sequence[Utterance],
        sample_rate_hz: int,
        on_clip: Callable[[], None] = lambda: None,
    ) -> DecodedClips:
        """The clips of utterances, from the cache or else decoded into it.

        Args:
            utterances: What to read.
            sample_rate_hz: Rate that everything is resampled to.
            on_clip: Called for each utterance, for progress.

        Returns:
            The clips; `samples` is mapped into memory.

        Raises:
            DataError: The cache cannot be written.
        """
        key = decoding_key(utterances, sample_rate_hz)
        entry = self.directory / f"{key}{_SUFFIX}"
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise _unusable(self.directory, fault.strerror) from None
        with FileLock(self.directory / f"{key}.lock"):
            for scratch in self.directory.glob(f".{entry.name}.*"):  # of a process that was killed
                scratch.unlink(missing_ok=True)
            clips = self._read(entry)
            if clips is None:
                try:
                    clips = self._decode(entry, utterances, sample_rate_hz, on_clip)
                except DataError as fault:
                    raise DataError(f"{fault}; what is done is kept, or pass --no-cache") from None
            else:
                for _ in utterances:
                    on_clip()
            shutil.rmtree(_parts(entry), ignore_errors=True)
        return clips

    def entries(self) -> list[tuple[Path, int, float]]:
        """Path, bytes and time of last use of each entry, begun ones too, by that time."""
        found = []
        for path in [*self.directory.glob(f"*{_SUFFIX}"), *self.directory.glob("*.parts")]:
            with contextlib.suppress(OSError):  # another process may have removed it
                found.append((path, _size(path), path.stat().st_mtime))
        return sorted(found, key=lambda entry: entry[2])

    def clear(self) -> int:
        """Remove every entry; returns the bytes that were freed."""
        return sum(self._remove(path, size) for path, size, _ in self.entries())

    def _read(self, entry: Path) -> DecodedClips | None:
        try:
            container = Container(entry)
            if not container.is_sound():
                raise DataError(f"{entry}: its checksum is wrong")
            clips = _clips(container)
        except DataError as fault:
            if entry.exists():
                log.warning("%s; decoding once more", fault)
            return None
        with contextlib.suppress(OSError):  # a cache that may only be read
            os.utime(entry)
        return clips

    def _decode(
        self,
        entry: Path,
        utterances: Sequence[Utterance],
        sample_rate_hz: int,
        on_clip: Callable[[], None],
    ) -> DecodedClips:
        folder = _parts(entry)
        begins = range(0, len(utterances), _PART_CLIPS)
        paths = [folder / f"{begin:09d}.safetensors" for begin in begins]
        lists = [utterances[begin : begin + _PART_CLIPS] for begin in begins]
        with self._executor(len(utterances)) as executor:
            write_shards(zip(paths, lists, strict=True), sample_rate_hz, executor, on_clip)
        parts = [Shard(path) for path in paths]
        samples = [part.container["samples"] for part in parts]
        positions = [
            part.container["positions"] + begin for part, begin in zip(parts, begins, strict=True)
        ]
        arrays = {
            "samples": samples,
            "lengths": [part.lengths for part in parts],
            "positions": positions,
        }
        faults = [fault for part in parts for fault in part.faults]
        size = sum(part.nbytes for part in samples)
        self._make_room(size, but=folder)
        if size <= self._limit_bytes and decoding_key(utterances, sample_rate_hz) == entry.stem:
            write_container(entry, arrays, {"faults": faults})
            clips = _clips(Container(entry))
        else:
            log.warning(
                "not cached: %.2f GB of decoded audio, or files that changed meanwhile; "
                "the cache holds %.2f GB",
                size / _GIGABYTE,
                self._limit_bytes / _GIGABYTE,
            )
            joined = {name: np.concatenate(pieces) for name, pieces in arrays.items()}
            clips = DecodedClips(**joined, faults=tuple(faults))
        return clips

    def _make_room(self, size: int, but: Path) -> None:
        """Remove what was not used for longest, until an entry of `size` bytes fits."""
        others = [entry for entry in self.entries() if entry[0] != but]
        excess = sum(entry[1] for entry in others) + size - self._limit_bytes
        for path, occupied, _ in others:
            if excess > 0:
                excess -= self._remove(path, occupied)

    def _remove(self, path: Path, size: int) -> int:
        """Remove an entry that nobody is reading or making; returns the bytes that were freed."""
        try:
            with FileLock(path.with_suffix(".lock"), timeout=0):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)  # who has mapped it keeps it
        except Timeout:
            return 0
        return size


def _clips(container: Container) -> DecodedClips:
    lengths, positions = container["lengths"], container["positions"]
    return DecodedClips(
        container["samples"],
        np.array(lengths),
        np.array(positions),
        tuple(container.facts["faults"]),
    )


def _parts(entry: Path) -> Path:
    return entry.with_suffix(".parts")


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.iterdir())
    return path.stat().st_size


def _unusable(directory: Path, why: str | None) -> DataError:
    return DataError(
        f"{directory}: cannot be used as a cache ({why}); pass another --cache, or --no-cache"
    )
