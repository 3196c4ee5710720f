"""WAV files and pipes: the header, and samples without help of a library.

libsndfile cannot read pipes, trusts a header that promises more than the file holds, and finds no
samples where a program that wrote to a pipe left the length open.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from speechrnn.errors import AudioError

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_KNOWN = {(_PCM, 1), (_PCM, 2), (_PCM, 3), (_PCM, 4), (_FLOAT, 4), (_FLOAT, 8)}
_BLOCK_BYTES = 1 << 16
_LONGEST_FMT = 1 << 12


@dataclass(frozen=True)
class WavHeader:
    """What stands before the samples of a WAV file.

    Attributes:
        sample_rate_hz: Frames a second.
        channels: Samples a frame.
        tag: 1 for integers, 3 for floats, others are compressed.
        sample_bytes: Bytes of one sample.
        data_offset: Where samples begin in the file.
        data_bytes: Length of the samples; none where the writer left it open.
        is_plain: Whether `decode` can read it.
    """

    sample_rate_hz: int
    channels: int
    tag: int
    sample_bytes: int
    data_offset: int
    data_bytes: int | None
    is_plain: bool

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.sample_bytes * self.channels

    def decode(self, data: bytes) -> np.ndarray:
        """Whole frames of bytes as (S, C) float32; integers scaled to [-1, 1)."""
        if self.tag == _FLOAT:
            with np.errstate(all="ignore"):  # a double beyond float32 is infinite, and refused
                samples = np.frombuffer(data, f"<f{self.sample_bytes}").astype(np.float32)
            return samples.reshape(-1, self.channels)
        bits = 8 * self.sample_bytes
        if bits == 8:
            integers = np.frombuffer(data, np.uint8).astype(np.float32) - np.float32(128)
        elif bits == 24:
            wide = np.zeros((len(data) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            integers, bits = wide.view("<i4")[:, 0].astype(np.float32), 32
        else:
            integers = np.frombuffer(data, f"<i{self.sample_bytes}").astype(np.float32)
        return (integers * np.float32(0.5 ** (bits - 1))).reshape(-1, self.channels)


def parse_header(read: Callable[[int], bytes], name: str) -> WavHeader | None:
    """Read up to the first sample; none where this is no RIFF WAVE file.

    Args:
        read: Gives exactly so many bytes, fewer only at the end.
        name: For errors.

    Raises:
        AudioError: The file ends inside its header, or the header contradicts itself.
    """
    riff = read(12)
    if riff[:4] != b"RIFF" or riff[8:] != b"WAVE":
        return None
    riff_bytes = int.from_bytes(riff[4:8], "little")
    offset, fmt = 12, b""
    while True:
        chunk = read(8)
        if len(chunk) < 8:
            raise AudioError(f"{name}: ends inside its WAV header; get the whole file")
        kind, size = struct.unpack("<4sI", chunk)
        offset += 8
        if kind == b"data":
            return _header(fmt, offset, size, riff_bytes, name)
        if kind == b"fmt " and size > _LONGEST_FMT:
            raise AudioError(f"{name}: damaged WAV header; get or make the file again")
        body = _skip(read, size + size % 2, keep=kind == b"fmt ")
        fmt = body if kind == b"fmt " else fmt
        offset += size + size % 2


class WavSamples:
    """The samples of an open WAV file or pipe.

    Attributes:
        sample_rate_hz: Frames a second.
        channels: Samples a frame.
        num_frames: Length by the header; none where the writer left it open.
        is_exact: Whether a whole file has just so many.
    """

    is_exact = True

    def __init__(self, file: BinaryIO, header: WavHeader) -> None:
        """Take a file that stands at the first sample or can seek, and its header."""
        self._file = file
        self._header = header
        self.sample_rate_hz = header.sample_rate_hz
        self.channels = header.channels
        length = header.data_bytes
        self.num_frames = None if length is None else length // header.frame_bytes

    def blocks(self, first: int) -> Iterator[np.ndarray]:
        """The samples from frame `first` to the end of the data or of the file.

        Returns:
            (S, C) float32 blocks.
        """
        file, header = self._file, self._header
        begin = first * header.frame_bytes
        if file.seekable():
            file.seek(header.data_offset + begin)
        else:
            _skip(lambda size: read_exactly(file, size), begin)
        left = None if header.data_bytes is None else header.data_bytes - begin
        whole = max(1, _BLOCK_BYTES // header.frame_bytes) * header.frame_bytes
        while left is None or left > 0:
            data = read_exactly(file, whole if left is None else min(whole, left))
            left = None if left is None else left - len(data)
            frames = len(data) // header.frame_bytes
            if frames:
                yield header.decode(data[: frames * header.frame_bytes])
            if len(data) < whole:
                return


def read_exactly(file: BinaryIO, size: int) -> bytes:
    """`size` bytes, fewer only at the end; a raw pipe gives what it has at the moment."""
    data = file.read(size) or b""
    while len(data) < size:
        more = file.read(size - len(data))
        if not more:
            break
        data += more
    return data


def _skip(read: Callable[[int], bytes], size: int, keep: bool = False) -> bytes:
    kept = b""
    while size > 0:
        data = read(min(size, _BLOCK_BYTES))
        if not data:
            break
        kept += data if keep else b""
        size -= len(data)
    return kept


def _header(fmt: bytes, offset: int, size: int, riff_bytes: int, name: str) -> WavHeader:
    if len(fmt) < 16:
        raise AudioError(f"{name}: no format in its WAV header; get or make the file again")
    tag, channels, rate_hz, _, frame_bytes, bits = struct.unpack("<HHIIHH", fmt[:16])
    if tag == _EXTENSIBLE and len(fmt) >= 26:
        tag = int.from_bytes(fmt[24:26], "little")
    sample_bytes = frame_bytes // channels if channels else 0
    is_plain = (
        (tag, sample_bytes) in _KNOWN
        and frame_bytes == sample_bytes * channels
        and 8 * (sample_bytes - 1) < bits <= 8 * sample_bytes
    )
    unknown = _is_unknown(size) or (size == 0 and not offset < riff_bytes + 8)
    return WavHeader(
        rate_hz, channels, tag, sample_bytes, offset, None if unknown else size, is_plain
    )


def _is_unknown(size: int) -> bool:
    """Whether a length is one that programs write which don't know it yet.

    sox writes 0x7FFFF000, arecord 0x80000000, ffmpeg 0xFFFFFFFF; some take the header off.
    """
    return 0x7FFF0000 <= size <= 0x80000100 or size >= 0xFFFF0000
