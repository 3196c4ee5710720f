"""Recordings: read whole, read a stretch of, or stream in bounded memory; write WAV."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from speechrnn.audio.reader import open_audio, source_name
from speechrnn.audio.resampling import StreamResampler, resample
from speechrnn.errors import AudioError

SEGMENT_OVERSHOOT_S = 0.5  # a segment may end so far beyond its recording; Kaldi allows the same
_FULL_SCALE = 32768


@dataclass(frozen=True)
class AudioInfo:
    """What a recording's header says.

    Attributes:
        path: The file.
        sample_rate_hz: Frames a second.
        channels: Samples a frame.
        num_samples: Frames.
        duration_s: Length.
    """

    path: Path
    sample_rate_hz: int
    channels: int
    num_samples: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.num_samples / self.sample_rate_hz


def audio_info(path: str | Path, *, decode: bool = False) -> AudioInfo:
    """Look at a recording.

    Args:
        path: The file.
        decode: Read every sample too; else only where the header does not tell the length.

    Raises:
        AudioError: Missing, no audio, empty, cut off. What only decoding shows, such as NaN and a
            cut flac file, goes unseen without it.
    """
    with open_audio(path) as reader:
        count = reader.num_frames
        if decode or count is None:
            count = sum(len(wave) for wave in reader.mono_blocks())
        if not count:
            raise _no_samples(reader.name)
        return AudioInfo(Path(path), reader.sample_rate_hz, reader.channels, count)


def read_audio(
    source: str | Path | BinaryIO,
    sample_rate_hz: int | None = None,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    allow_truncated: bool = False,
) -> tuple[np.ndarray, int]:
    """Read a recording, mixed down to one channel.

    Args:
        source: A path, or a binary file (a pipe too).
        sample_rate_hz: Rate wanted; none: as recorded.
        start_s: Where to begin.
        end_s: Where to end; none: at the recording's end, which it may pass by half a second.
        allow_truncated: Take what is there of a file that was cut off.

    Returns:
        wave: (S,) float32, S >= 1.
        sample_rate_hz: Of `wave`.

    Raises:
        AudioError: Missing, no audio, empty, cut off, NaN; or the stretch is not in it.
    """
    with open_audio(source, allow_truncated) as reader:
        rate_hz = reader.sample_rate_hz
        first = round(start_s * rate_hz)
        last = None if end_s is None else round(end_s * rate_hz)
        if first < 0 or (last is not None and last <= first):
            raise AudioError(
                f"{reader.name}: the stretch from {start_s:g} to {end_s:g} s is no stretch of audio"
            )
        blocks = list(reader.mono_blocks(first, last))
    wave = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    if not len(wave) and not first:
        raise _no_samples(source_name(source))
    if not len(wave) or (
        last is not None and last - first - len(wave) > SEGMENT_OVERSHOOT_S * rate_hz
    ):
        raise AudioError(
            f"{source_name(source)}: has no audio from {start_s:g} to "
            f"{'its end' if end_s is None else f'{end_s:g} s'}; correct the segment's times"
        )
    if sample_rate_hz is None:
        return wave, rate_hz
    wave = resample(wave, rate_hz, sample_rate_hz)
    if not len(wave):
        raise _no_samples(source_name(source))
    return wave, sample_rate_hz


def stream_audio(
    source: str | Path | BinaryIO,
    sample_rate_hz: int,
    block_samples: int,
    *,
    allow_truncated: bool = False,
) -> Iterator[np.ndarray]:
    """Read a recording of any length in bounded memory, mixed down to one channel.

    The samples are those of `read_audio`. A cut-off pipe is noticed at its end only, after its
    samples were given out.

    Args:
        source: A path, or a binary file. WAV from a pipe comes as it is written; a pipe of another
            format is copied to a temporary file first.
        sample_rate_hz: Rate wanted.
        block_samples: Samples in each block but the last.
        allow_truncated: Take what is there of a file that was cut off.

    Returns:
        (block_samples,) float32 blocks; the last may be shorter and is not empty.

    Raises:
        AudioError: Missing, no audio, empty, cut off, NaN.
    """
    pending = np.zeros(0, np.float32)
    is_empty = True
    with open_audio(source, allow_truncated) as reader:
        for wave in _at_rate(reader.mono_blocks(), reader.sample_rate_hz, sample_rate_hz):
            pending = np.concatenate((pending, wave))
            whole = len(pending) // block_samples * block_samples
            for begin in range(0, whole, block_samples):
                is_empty = False
                yield pending[begin : begin + block_samples]
            pending = pending[whole:]
    if len(pending):
        yield pending
    elif is_empty:
        raise _no_samples(source_name(source))


def write_wav(path: str | Path, wave: np.ndarray, sample_rate_hz: int) -> None:
    """Write a 16-bit WAV file, whole or not at all; values beyond [-1, 1] are clipped.

    Args:
        path: The file.
        wave: (S,) float.
        sample_rate_hz: Rate of `wave`.

    Raises:
        AudioError: NaN or infinity, or the file cannot be written.
    """
    path = Path(path)
    if not np.isfinite(wave).all():
        raise AudioError(f"{path}: samples to write hold NaN or infinity")
    samples = np.round(np.asarray(wave, np.float64) * _FULL_SCALE)
    samples = samples.clip(-_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        soundfile.write(scratch, samples, sample_rate_hz, format="WAV", subtype="PCM_16")
        scratch.replace(path)
    except (OSError, soundfile.SoundFileError) as fault:
        raise AudioError(f"{path}: cannot be written ({fault})") from None
    finally:
        scratch.unlink(missing_ok=True)


def _at_rate(blocks: Iterator[np.ndarray], from_hz: int, to_hz: int) -> Iterator[np.ndarray]:
    resampler = StreamResampler(from_hz, to_hz)
    for wave in blocks:
        yield resampler.accept(wave)
    yield resampler.finish()


def _no_samples(name: str) -> AudioError:
    return AudioError(f"{name}: holds no samples; make the recording again")
