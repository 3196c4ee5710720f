"""One open recording: its rate and channels, and its samples mixed down, block by block."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from speechrnn.audio.decoded import DecodedSamples, open_sound, why
from speechrnn.audio.folder import FORMATS
from speechrnn.audio.integrity import Extent, extent
from speechrnn.audio.wav import WavHeader, WavSamples, parse_header, read_exactly
from speechrnn.errors import AudioError

_RATES_HZ = (1000, 1_000_000)
_LOUDEST = 64.0  # far above any recording in floats, far below 16-bit numbers stored as floats


class Reader:
    """An open recording.

    Attributes:
        name: For errors.
        sample_rate_hz: Frames a second.
        channels: Samples a frame.
        num_frames: Length; none where only reading tells.
    """

    def __init__(
        self, name: str, samples: WavSamples | DecodedSamples, allow_truncated: bool
    ) -> None:
        self.name = name
        self.sample_rate_hz = samples.sample_rate_hz
        self.channels = samples.channels
        self.num_frames = samples.num_frames
        self._samples = samples
        self._must_be_whole = samples.is_exact and not allow_truncated
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
            for block in self._samples.blocks(first):
                wave = _mix_down(block)[: None if last is None else last - position]
                if len(wave):
                    self._check_values(wave, position)
                    position += len(wave)
                    yield wave
                if position == last:
                    return
        except OSError as fault:
            raise AudioError(f"{self.name}: cannot be read ({why(fault)})") from None
        if self._must_be_whole and first <= position < (self.num_frames or 0):
            raise cut_off(self.name, self._time(self.num_frames or 0), self._time(position))

    def _check_values(self, wave: np.ndarray, position: int) -> None:
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
            if isinstance(source, (str, Path)):
                file: BinaryIO = stack.enter_context(open(source, "rb"))
                path: str | Path | None = source
            else:
                file, path = source, None
            if not file.seekable():
                samples = _open_pipe(stack, name, file, allow_truncated)
            else:
                samples = _open_file(stack, name, file, path, allow_truncated)
        except soundfile.SoundFileError as fault:
            raise AudioError(
                f"{name}: not audio that can be read ({why(fault)}); expected {FORMATS}"
            ) from None
        except OSError as fault:
            raise AudioError(f"{name}: {why(fault)}; give a recording") from None
        yield Reader(name, samples, allow_truncated)


def source_name(source: str | Path | BinaryIO) -> str:
    """What errors call this source."""
    name = source if isinstance(source, (str, Path)) else getattr(source, "name", "audio")
    return "standard input" if name in ("<stdin>", 0) else str(name)


def cut_off(name: str, promised: str, got: str) -> AudioError:
    """The error for a file that ends too early."""
    return AudioError(
        f"{name}: cut off: its header promises {promised}, got {got}; "
        "get the whole file, or transcribe with --allow-truncated"
    )


def _open_file(
    stack: ExitStack, name: str, file: BinaryIO, path: str | Path | None, allow_truncated: bool
) -> WavSamples | DecodedSamples:
    size = file.seek(0, 2)
    file.seek(0)
    if not size:
        raise AudioError(f"{name}: empty file; make the recording again")
    header = parse_header(lambda count: read_exactly(file, count), name)
    if header is not None and not allow_truncated:
        _check_length(name, header, size)
    if header is not None and header.is_plain:
        return WavSamples(file, header)
    known = Extent() if header else extent(file)
    if known.is_cut and not allow_truncated:
        raise AudioError(
            f"{name}: cut off: its last part is missing; get the whole file, "
            "or transcribe with --allow-truncated"
        )
    file.seek(0)
    try:
        sound = stack.enter_context(open_sound(file, path))
    except soundfile.SoundFileError:
        if known.is_cut:
            raise AudioError(
                f"{name}: cut off before its first sample; get the whole file"
            ) from None
        raise
    if sound.frames < known.least_samples and not allow_truncated:
        raise AudioError(
            f"{name}: variable bit rate without a header that tells its length, so that its end "
            "would be lost; convert it to wav or flac"
        )
    return DecodedSamples(sound, name, allow_truncated)


def _open_pipe(
    stack: ExitStack, name: str, file: BinaryIO, allow_truncated: bool
) -> WavSamples | DecodedSamples:
    head = bytearray()

    def read(count: int) -> bytes:
        data = read_exactly(file, count)
        head.extend(data)
        return data

    header = parse_header(read, name)
    if not head:
        raise AudioError(f"{name}: empty; pipe a WAV file into it")
    if header is not None and header.is_plain:
        return WavSamples(file, header)
    spool = tempfile.TemporaryFile()  # noqa: SIM115 (the stack closes it)
    stack.enter_context(spool)
    spool.write(head)
    shutil.copyfileobj(file, spool)
    return _open_file(stack, name, spool, None, allow_truncated)


def _check_length(name: str, header: WavHeader, size: int) -> None:
    there, promised = max(0, size - header.data_offset), header.data_bytes
    if promised is not None and there < promised:
        byte_rate = header.frame_bytes * header.sample_rate_hz
        if header.is_plain and byte_rate:
            raise cut_off(name, f"{promised / byte_rate:.2f} s", f"{there / byte_rate:.2f} s")
        raise cut_off(name, f"{promised} bytes of audio", f"{there}")


def _mix_down(block: np.ndarray) -> np.ndarray:
    """(S, C) to (S,), never a view."""
    if block.shape[1] == 1:
        return block[:, 0].copy()
    with np.errstate(all="ignore"):  # infinite values are refused later, by name
        return np.asarray(block.mean(axis=1))
