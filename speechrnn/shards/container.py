"""Arrays in one file, mapped into memory; the file is whole or not there at all.

The format is that of safetensors (https://github.com/huggingface/safetensors): eight bytes with the
length of a header, the header in JSON, the arrays end to end. It is written here piece by piece,
since what is put together from parts may be larger than memory.
"""

from __future__ import annotations

import json
import os
import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from speechrnn.errors import DataError

_TYPES = {"I64": np.int64, "I32": np.int32, "I16": np.int16, "U8": np.uint8}
_NAMES = {np.dtype(kind): name for name, kind in _TYPES.items()}
_CHECKSUM = "crc32"  # of all arrays before it, little-endian
_MOST_HEADER_BYTES = 100_000_000  # safetensors has the same limit
_CHECKED_BYTES = 1 << 24


class Container:
    """An open file of arrays.

    Attributes:
        path: The file.
        facts: What was written beside the arrays, as plain JSON values.
    """

    def __init__(self, path: Path) -> None:
        """Read the header and compare it with the file's length.

        Raises:
            DataError: Missing, cut off, or of another kind.
        """
        self.path = path
        try:
            with open(path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                length = int.from_bytes(file.read(8), "little")
                if not 2 <= length <= min(size - 8, _MOST_HEADER_BYTES):
                    raise ValueError("no header")
                header = json.loads(file.read(length))
            self.facts: dict[str, Any] = json.loads(header.pop("__metadata__")["speechrnn"])
            self._places = {
                name: (
                    _TYPES[entry["dtype"]],
                    8 + length + entry["data_offsets"][0],
                    entry["shape"][0],
                )
                for name, entry in header.items()
            }
            end = 8 + length + max(entry["data_offsets"][1] for entry in header.values())
        except OSError as fault:
            raise DataError(f"{path}: cannot be read ({fault.strerror})") from None
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            raise DataError(f"{path}: no file of decoded clips; make it again") from None
        if size != end:
            raise DataError(
                f"{path}: cut off or damaged: has {size} bytes, expected {end}; make it again"
            )
        self._first_byte = 8 + length

    def __getitem__(self, name: str) -> np.ndarray:
        """An array, mapped into memory; what is written to it stays in this process.

        Raises:
            DataError: There is none of this name.
        """
        kind, offset, count = self._place(name)
        if not count:
            return np.zeros(0, kind)
        return np.memmap(self.path, kind, "c", offset, (count,))

    def offset(self, name: str) -> int:
        """Where in the file an array begins, in bytes."""
        return self._place(name)[1]

    def is_sound(self) -> bool:
        """Whether every byte of the arrays is as it was written; reads them all."""
        checksum = 0
        end = self.offset(_CHECKSUM)
        with open(self.path, "rb") as file:
            file.seek(self._first_byte)
            for begin in range(self._first_byte, end, _CHECKED_BYTES):
                checksum = zlib.crc32(file.read(min(_CHECKED_BYTES, end - begin)), checksum)
            return file.read() == checksum.to_bytes(4, "little")

    def _place(self, name: str) -> tuple[Any, int, int]:
        try:
            return self._places[name]
        except KeyError:
            raise DataError(
                f"{self.path}: lacks {name!r}; no file of this kind, make it again"
            ) from None


def write_container(
    path: Path, arrays: Mapping[str, Sequence[np.ndarray]], facts: Mapping[str, Any]
) -> None:
    """Write a file of one-dimensional arrays.

    Args:
        path: The file; its folder is made.
        arrays: By name, each as pieces that are laid end to end.
        facts: Plain JSON values.

    Raises:
        DataError: It cannot be written, as on a full disk; nothing is left behind then.
    """
    ordered = sorted(arrays, key=lambda name: (-arrays[name][0].itemsize, name))  # all aligned
    header: dict[str, Any] = {"__metadata__": {"speechrnn": json.dumps(facts)}}
    end = 0
    for name in ordered:
        pieces = arrays[name]
        begin, end = end, end + sum(piece.nbytes for piece in pieces)
        header[name] = _entry(_NAMES[pieces[0].dtype], sum(map(len, pieces)), begin, end)
    header[_CHECKSUM] = _entry("U8", 4, end, end + 4)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with replacing(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        checksum = 0
        for name in ordered:
            for piece in arrays[name]:
                data = np.ascontiguousarray(piece).data
                checksum = zlib.crc32(data, checksum)
                file.write(data)
        file.write(checksum.to_bytes(4, "little"))


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes its place at `path` when all of it is on the disk.

    Raises:
        DataError: It cannot be written; `path` is as before then.
    """
    scratch = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(scratch, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except OSError as fault:
        raise DataError(f"{path}: cannot be written ({fault.strerror})") from None
    finally:
        scratch.unlink(missing_ok=True)


def _entry(kind: str, count: int, begin: int, end: int) -> dict[str, Any]:
    return {"dtype": kind, "shape": [count], "data_offsets": [begin, end]}
