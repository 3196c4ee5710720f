"""From one sample rate to another, at once or block by block, with the same result."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import soxr


def resample(wave: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Change the sample rate (soxr, high quality).

    Args:
        wave: (S,) float32.
        from_hz: Rate of `wave`.
        to_hz: Rate wanted.

    Returns:
        (S',) float32, S' = S * to_hz / from_hz, rounded.
    """
    if from_hz == to_hz or not len(wave):
        return wave
    return np.asarray(soxr.resample(wave, from_hz, to_hz))


class StreamResampler:
    """`resample` for audio that comes in blocks; the samples are the same whatever their sizes.

    The filter looks ahead, so that output lags behind input (about 40 ms from 44.1 to 16 kHz) until
    `finish` flushes it.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        same = from_hz == to_hz
        self._soxr = None if same else soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32")

    def accept(self, wave: np.ndarray) -> np.ndarray:
        """Take (S,) float32 samples; returns the (S',) that are ready."""
        if self._soxr is None:
            return wave
        return np.asarray(self._soxr.resample_chunk(np.ascontiguousarray(wave, np.float32)))

    def finish(self) -> np.ndarray:
        """The (S',) float32 samples still inside; nothing may be accepted afterwards."""
        empty = np.zeros(0, np.float32)
        return empty if self._soxr is None else np.asarray(self._soxr.resample_chunk(empty, True))


@lru_cache
def resampling_delay_s(from_hz: int, to_hz: int) -> float:
    """How far the output of a `StreamResampler` lags behind its input, at most; measured."""
    resampler = StreamResampler(from_hz, to_hz)
    step = -(-from_hz // 1000)
    delay_s, count = 0.0, 0
    for heard in range(step, 2 * from_hz, step):
        count += len(resampler.accept(np.zeros(step, np.float32)))
        delay_s = max(delay_s, heard / from_hz - count / to_hz)
    return delay_s
