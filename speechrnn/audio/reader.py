"""One open recording: its rate and channels, and its samples block by block."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from speechrnn.audio.integrity import Extent, extent
from speechrnn.audio.wav import WavHeader, data_blocks, parse_header, read_exactly
from speechrnn.errors import AudioError

_BLOCK_FRAMES = 1 << 14
_RATES_HZ = (1000, 1_000_000)
_LOUDEST = 64.0  # far above any recording in floats, far below 16-bit numbers stored as floats
_ESTIMATED = ("MP3", "OGG")  # formats whose length libsndfile may only estimate


class Reader:
    """An open recording.

    Attributes:
        name: For errors.
        sample_rate_hz: Frames a second.
        channels: Samples a frame.
        num_frames: Length; none where only reading tells.
    """

    def __init__(
        self,
        name: str,
        file: BinaryIO | None,
        content: WavHeader | soundfile.SoundFile,
        allow_truncated: bool,
    ) -> None:
        self.name = name
        self._file = file
        self._content = content
        self._allow_truncated = allow_truncated
        self.channels: int = content.channels
        if isinstance(content, WavHeader):
            self.sample_rate_hz = content.sample_rate_hz
            declared = content.data_bytes
            self.num_frames = None if declared is None else declared // content.frame_bytes
        else:
            self.sample_rate_hz = content.samplerate
            self.num_frames = content.frames if 0 <= content.frames < 1 << 48 else None
        if not _RATES_HZ[0] <= self.sample_rate_hz <= _RATES_HZ[1]:
            raise AudioError(
                f"{name}: sample rate is {self.sample_rate_hz} Hz, expected "
                f"{_RATES_HZ[0]} to {_RATES_HZ[1]}; its header may be damaged"
            )

    def mono_blocks(self, first: int = 0, last: int | None = None) -> Iterator[np.ndarray]:
        """Frames `first` to `last`, mixed down and checked.

        Returns:
            (S,) float32 blocks, none of them empty.

        Raises:
            AudioError: Cut off, damaged, NaN, infinity, or values that are no audio.
        """
        position = first
        try:
            for block in self._blocks(first):
                wave = _mix_down(block)
                wave = wave if last is None else wave[: last - position]
                self._check_values(wave, position)
                position += len(wave)
                if len(wave):
                    yield wave
                if position == last:
                    return
        except OSError as fault:
            raise AudioError(f"{self.name}: cannot be read ({_reason(fault)})") from None
        # Here the recording ended before `last`: too short, or cut off.
        if self.num_frames is not None and first <= position < self.num_frames:
            self._cut(position)

    def _blocks(self, first: int) -> Iterator[np.ndarray]:
        if isinstance(self._content, WavHeader):
            if self._file is not None:
                yield from data_blocks(self._file, self._content, first)
        else:
            yield from self._decoded_blocks(self._content, first)

    def _decoded_blocks(self, sound: soundfile.SoundFile, first: int) -> Iterator[np.ndarray]:
        buffer = np.empty((_BLOCK_FRAMES, self.channels), np.float32)
        position = min(first, sound.frames)
        try:
            if position:
                sound.seek(position)
            while len(block := sound.read(dtype="float32", always_2d=True, out=buffer)):
                position += len(block)
                yield block
        except soundfile.SoundFileError as fault:
            if not self._allow_truncated:
                raise AudioError(
                    f"{self.name}: cut off or damaged after {self._time(position)} "
                    f"({_reason(fault)}); get the whole file, or pass --allow-truncated"
                ) from None
            # What was decoded before the fault stands in the buffer.
            yield buffer[: max(0, sound.tell() - position)]

    def _cut(self, position: int) -> None:
        estimated = (
            isinstance(self._content, soundfile.SoundFile) and self._content.format in _ESTIMATED
        )
        if not (self._allow_truncated or estimated):
            raise AudioError(
                f"{self.name}: cut off: its header promises {self._time(self.num_frames or 0)}, "
                f"got {self._time(position)}; get the whole file, or pass --allow-truncated"
            )

    def _check_values(self, wave: np.ndarray, position: int) -> None:
        if not len(wave):
            return
        loudest = float(np.abs(wave).max())
        if not np.isfinite(loudest):
            where = self._time(position + int(np.argmin(np.isfinite(wave))))
            raise AudioError(
                f"{self.name}: holds NaN or infinity at {where}; make the recording again"
            )
        if loudest > _LOUDEST:
            raise AudioError(
                f"{self.name}: float samples up to {loudest:g}, expected -1 to 1; "
                "divide 16-bit values by 32768, or save them as 16-bit integers"
            )

    def _time(self, frames: int) -> str:
        return f"{frames / self.sample_rate_hz:.2f} s"


@contextmanager
def open_audio(source: str | Path | BinaryIO, allow_truncated: bool = False) -> Iterator[Reader]:
    """Open a recording; WAV from a pipe is read as it comes, other pipes via a temporary file.

    Args:
        source: A path, or a binary file that stands at its beginning.
        allow_truncated: Read what is there of a file that was cut off.

    Raises:
        AudioError: Missing, no audio, cut off.
    """
    name = source_name(source)
    with ExitStack() as stack:
        try:
            path = source if isinstance(source, (str, Path)) else None
            file = source if path is None else stack.enter_context(open(path, "rb"))
            if file.seekable():
                reader = _open_file(stack, name, file, path, allow_truncated)
            else:
                reader = _open_pipe(stack, name, file, allow_truncated)
        except soundfile.SoundFileError as fault:
            raise AudioError(
                f"{name}: not audio that can be read ({_reason(fault)}); "
                "expected wav, flac, ogg or mp3"
            ) from None
        except OSError as fault:
            raise AudioError(f"{name}: {_reason(fault)}; give a recording") from None
        yield reader


def source_name(source: str | Path | BinaryIO) -> str:
    """What errors call this source."""
    name = source if isinstance(source, (str, Path)) else getattr(source, "name", "audio")
    return "standard input" if name in ("<stdin>", 0) else str(name)


def _open_file(
    stack: ExitStack, name: str, file: BinaryIO, path: str | Path | None, allow_truncated: bool
) -> Reader:
    size = file.seek(0, 2)
    file.seek(0)
    if not size:
        raise AudioError(f"{name}: empty file; make the recording again")
    header = parse_header(lambda count: read_exactly(file, count), name)
    if header is not None:
        _check_length(name, header, size, allow_truncated)
        if header.is_plain:
            return Reader(name, file, header, allow_truncated)
    known = Extent() if header else extent(file)
    if known.is_cut and not allow_truncated:
        raise AudioError(
            f"{name}: cut off: its last part is missing; get the whole file, "
            "or pass --allow-truncated"
        )
    file.seek(0)
    # By path, libsndfile reads without calling back, so that Ctrl-C and other threads get through.
    sound = stack.enter_context(_sound_file(_Guarded(file) if path is None else str(path)))
    if sound.frames < known.least_samples and not allow_truncated:
        raise AudioError(
            f"{name}: variable bit rate without a header that tells its length, so that its end "
            "would be lost; convert it to wav or flac"
        )
    return Reader(name, None, sound, allow_truncated)


def _open_pipe(stack: ExitStack, name: str, file: BinaryIO, allow_truncated: bool) -> Reader:
    head = bytearray()

    def read(count: int) -> bytes:
        data = read_exactly(file, count)
        head.extend(data)
        return data

    header = parse_header(read, name)
    if not head:
        raise AudioError(f"{name}: empty; pipe a WAV file into it")
    if header is not None and header.is_plain:
        return Reader(name, file, header, allow_truncated)
    spool = tempfile.TemporaryFile()  # noqa: SIM115 (the stack closes it)
    stack.enter_context(spool)
    spool.write(head)
    shutil.copyfileobj(file, spool)
    return _open_file(stack, name, spool, None, allow_truncated)


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


def _sound_file(file: _Guarded | str) -> soundfile.SoundFile:
    try:
        return soundfile.SoundFile(file)
    except (TypeError, ValueError):  # soundfile wants more arguments for *.raw
        raise soundfile.SoundFileError("no header that says what it holds") from None


def _check_length(name: str, header: WavHeader, size: int, allow_truncated: bool) -> None:
    there, promised = size - header.data_offset, header.data_bytes
    if promised is not None and there < promised and not allow_truncated:
        raise AudioError(
            f"{name}: cut off: its header promises {promised} bytes of audio, got {max(0, there)}; "
            "get the whole file, or pass --allow-truncated"
        )


def _mix_down(block: np.ndarray) -> np.ndarray:
    """(S, C) to (S,), never a view."""
    if block.shape[1] == 1:
        return block[:, 0].copy()
    with np.errstate(all="ignore"):  # infinite values are refused later, by name
        return np.asarray(block.mean(axis=1))


def _reason(fault: Exception) -> str:
    text = getattr(fault, "error_string", None) or getattr(fault, "strerror", None) or str(fault)
    return str(text).rstrip(". ")
