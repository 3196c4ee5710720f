"""How long a file ought to be, and whether its end is there: libsndfile does not ask."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

_OGG_PAGE = 65307  # the longest page, RFC 3533
_MPEG1_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2_KBPS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES_HZ = (44100, 48000, 32000)


@dataclass(frozen=True)
class Extent:
    """What the structure of a file says about its length.

    Attributes:
        is_cut: Its last part is missing.
        least_samples: It holds at least so many samples a channel; 0 where it does not say.
    """

    is_cut: bool = False
    least_samples: int = 0


def extent(file: BinaryIO) -> Extent:
    """Look at an mp3, ogg, AIFF or large WAV file; of other kinds nothing is known.

    An mp3 file without a Xing header that was cut exactly between two frames passes for whole.

    Args:
        file: Can seek; is left anywhere.
    """
    file.seek(0)
    head = file.read(28)
    size = file.seek(0, os.SEEK_END)
    if head[:4] == b"OggS":
        return Extent(_is_ogg_cut(file, size))
    if head[:4] in (b"FORM", b"RIFX"):
        return Extent(size < 8 + int.from_bytes(head[4:8], "big"))
    if head[:4] == b"RF64" and head[12:16] == b"ds64":
        return Extent(size < 8 + int.from_bytes(head[20:28], "little"))
    first = 0
    if head[:3] == b"ID3" and len(head) >= 10:
        first = 10 + sum((byte & 0x7F) << 7 * (3 - i) for i, byte in enumerate(head[6:10]))
    return _mp3_extent(file, first, size)


def _is_ogg_cut(file: BinaryIO, size: int) -> bool:
    file.seek(max(0, size - _OGG_PAGE))
    tail = file.read()
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return True
    ends_stream = bool(page[5] & 4)
    return not ends_stream or len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]])


def _mp3_extent(file: BinaryIO, first: int, size: int) -> Extent:
    file.seek(first)
    frame = file.read(256)
    length = _mp3_frame_bytes(frame[:4])
    if not length:
        return Extent()
    promised_frames, promised_bytes = _xing(frame)
    if promised_bytes:
        return Extent(size - first < promised_bytes)
    frames, position = 0, first
    while length and position + length <= size:
        frames += 1
        position += length
        file.seek(position)
        length = _mp3_frame_bytes(file.read(4))
    if promised_frames:  # which do not count the frame that says so
        return Extent(bool(length) or frames < promised_frames + 1)
    # libsndfile guesses the length, and may be short of it; its decoder drops a frame or two.
    return Extent(bool(length), max(0, frames - 2) * (1152 if frame[1] & 8 else 576))


def _mp3_frame_bytes(head: bytes) -> int:
    """Length of a frame of MPEG-1, 2 or 2.5 layer III; 0 where this is none, or of free format."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version = head[1] >> 3 & 3  # 0: MPEG-2.5, 2: MPEG-2, 3: MPEG-1
    rate, bitrate = head[2] >> 2 & 3, head[2] >> 4
    if version == 1 or rate == 3 or bitrate == 15:
        return 0
    rate_hz = _RATES_HZ[rate] >> {3: 0, 2: 1, 0: 2}[version]
    kbps = (_MPEG1_KBPS if version == 3 else _MPEG2_KBPS)[bitrate]
    padding = head[2] >> 1 & 1
    return (144000 if version == 3 else 72000) * kbps // rate_hz + padding if kbps else 0


def _xing(frame: bytes) -> tuple[int, int]:
    """Frames and bytes that a Xing or Info header promises, 0 where it does not."""
    mono = frame[3] >> 6 == 3
    side_bytes = (17 if mono else 32) if frame[1] & 8 else (9 if mono else 17)
    tag = frame[4 + side_bytes :][:16]
    if tag[:4] not in (b"Xing", b"Info") or len(tag) < 16:
        return 0, 0
    has_frames, has_bytes = tag[7] & 1, tag[7] & 2
    frames = int.from_bytes(tag[8:12], "big") if has_frames else 0
    place = 12 if has_frames else 8
    return frames, int.from_bytes(tag[place : place + 4], "big") if has_bytes else 0
