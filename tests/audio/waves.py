"""Waves, files of them in many formats, and pipes that they come through."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATE_HZ = 16000
LOSSLESS = [
    ("WAV", "PCM_U8", 1 / 128),
    ("WAV", "PCM_16", 1 / 32768),
    ("WAV", "PCM_24", 2**-23),
    ("WAV", "PCM_32", 2**-24),  # float32 holds no more
    ("WAV", "FLOAT", 0),
    ("WAV", "DOUBLE", 2**-24),
    ("WAVEX", "PCM_24", 2**-23),
    ("FLAC", "PCM_16", 1 / 32768),
    ("AIFF", "PCM_16", 1 / 32768),
]
LOSSY = [("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III"), ("WAV", "ULAW"), ("WAV", "IMA_ADPCM")]


class Pipe(io.RawIOBase):
    """Gives bytes a few at a time and cannot seek, like a program's output."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._left = self._left or next(self._pieces, b"")
        data, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def pipe(data: bytes, piece: int = 999) -> Pipe:
    return Pipe(data[i : i + piece] for i in range(0, len(data), piece))


def noise(samples: int, channels: int = 1) -> np.ndarray:
    wave = np.random.default_rng(samples).standard_normal((samples, channels))
    return (wave * 0.1).astype(np.float32).clip(-0.9, 0.9)


def tone(samples: int, rate_hz: int = RATE_HZ) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(samples) / rate_hz)).astype(np.float32)


def encoded(wave: np.ndarray, format: str, subtype: str | None = None, **settings: Any) -> bytes:
    if format == "MP3":
        settings.setdefault("compression_level", 0)  # else a tone does not survive it
    file = io.BytesIO()
    soundfile.write(file, wave, RATE_HZ, format=format, subtype=subtype, **settings)
    return file.getvalue()


def wav(data: bytes, data_bytes: int, riff_bytes: int | None = None, behind: bytes = b"") -> bytes:
    """A mono 16-bit WAV file that claims `data_bytes` of samples."""
    riff_bytes = 36 + data_bytes if riff_bytes is None else riff_bytes
    fmt = struct.pack("<HHIIHH", 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16)
    head = b"RIFF" + struct.pack("<I", riff_bytes & 0xFFFFFFFF) + b"WAVEfmt \x10\0\0\0" + fmt
    return head + b"data" + struct.pack("<I", data_bytes) + data + behind


def in_file(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path
