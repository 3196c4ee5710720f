"""The samples of every other kind of file, through libsndfile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from speechrnn.errors import AudioError

_BLOCK_FRAMES = 1 << 14
_ENDLESS = 1 << 48  # frames that libsndfile states where a header states none
_ESTIMATED = ("MP3", "OGG")
_KNOWN = ("WAV", "WAVEX", "RF64", "AIFF", "FLAC", "OGG", "MP3")  # where a cut is noticed


class DecodedSamples:
    """The samples of a file that libsndfile has open.

    Attributes:
        sample_rate_hz: Frames a second.
        channels: Samples a frame.
        num_frames: Length; none where only reading tells.
        is_exact: Whether a whole file has just so many; libsndfile may only estimate.
    """

    def __init__(self, sound: soundfile.SoundFile, name: str, allow_truncated: bool) -> None:
        self._sound = sound
        self._name = name
        self._allow_truncated = allow_truncated
        self.sample_rate_hz: int = sound.samplerate
        self.channels: int = sound.channels
        self.num_frames = sound.frames if 0 <= sound.frames < _ENDLESS else None
        self.is_exact = sound.format not in _ESTIMATED

    def blocks(self, first: int) -> Iterator[np.ndarray]:
        """The samples from frame `first` to the end.

        Returns:
            (S, C) float32 blocks, valid until the next.

        Raises:
            AudioError: The decoder meets a fault, unless a truncated file is allowed.
        """
        sound = self._sound
        buffer = np.empty((_BLOCK_FRAMES, self.channels), np.float32)
        # In mp3 files libsndfile's seeking is not exact: read up to the place.
        position = 0 if sound.format == "MP3" else min(first, sound.frames)
        try:
            if position:
                sound.seek(position)
            while len(block := sound.read(dtype="float32", always_2d=True, out=buffer)):
                position += len(block)
                if position > first:
                    yield block[-(position - first) :]
        except soundfile.SoundFileError as fault:
            if not self._allow_truncated:
                raise AudioError(
                    f"{self._name}: cut off or damaged after "
                    f"{position / self.sample_rate_hz:.2f} s ({why(fault)}); get the whole file, "
                    "or transcribe with --allow-truncated"
                ) from None
            # What was decoded before the fault stands in the buffer.
            yield buffer[max(0, first - position) : max(0, sound.tell() - position)]


def open_sound(file: BinaryIO, path: str | Path | None) -> soundfile.SoundFile:
    """Open with libsndfile; raises soundfile.SoundFileError.

    By path, it reads without calling back, so that Ctrl-C and other threads get through.
    """
    try:
        sound = soundfile.SoundFile(_Guarded(file) if path is None else str(path))
    except (TypeError, ValueError):  # soundfile wants more arguments for *.raw
        raise soundfile.SoundFileError("no header that says what it holds") from None
    if sound.format not in _KNOWN:
        sound.close()
        raise soundfile.SoundFileError(f"its format is {sound.format}")
    return sound


def why(fault: Exception) -> str:
    """The reason alone, of an error of the system or of libsndfile."""
    text = getattr(fault, "error_string", None) or getattr(fault, "strerror", None) or str(fault)
    text = str(text).removeprefix("Error : ").rstrip(". ")
    # What libsndfile says of an mp3 file that its decoder refuses.
    return "damaged" if text.startswith("File does not exist or is not a regular") else text


class _Guarded:
    """A file for libsndfile, which seeks to impossible places in damaged files."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.tell = file.read, file.tell
        self._file = file

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move, or stay where that cannot be; raising would print a traceback."""
        try:
            return self._file.seek(offset, whence)
        except (ValueError, OSError):
            return self._file.tell()
