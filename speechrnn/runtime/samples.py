"""Samples that a caller hands over: checked, mixed down, at the model's rate."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from speechrnn.audio import resample
from speechrnn.errors import AudioError

_MOST_CHANNELS = 32
_LOUDEST = 64.0  # far above any float recording, far below 16-bit numbers


def mono_wave(samples: np.ndarray, from_hz: int | None, to_hz: int) -> np.ndarray:
    """One channel at another rate.

    Args:
        samples: (S,) or (S, C), float in [-1, 1] or integer of full range.
        from_hz: Rate of `samples`.
        to_hz: Rate wanted.

    Returns:
        (S',) float32.

    Raises:
        AudioError: No rate, no samples, a wrong shape or type, NaN or infinity.
    """
    if from_hz is None:
        raise AudioError("array: no sample rate; pass sample_rate, for example 16000")
    if from_hz < 1:
        raise AudioError(f"array: sample_rate is {from_hz}, expected a positive number of Hz")
    wave = mix_down(samples)
    if not len(wave):
        raise AudioError("array: no samples; pass at least one")
    wave = resample(wave, int(from_hz), to_hz)
    if not len(wave):
        raise AudioError(f"array: too short for a single sample at {to_hz} Hz; pass more")
    return wave


def mix_down(samples: np.ndarray) -> np.ndarray:
    """One channel, checked.

    Args:
        samples: (S,) or (S, C), float in [-1, 1] or integer of full range.

    Returns:
        (S,) float32.

    Raises:
        AudioError: A wrong shape or type, NaN or infinity.
    """
    if samples.ndim not in (1, 2) or (
        samples.ndim == 2 and not 0 < samples.shape[1] <= _MOST_CHANNELS
    ):
        raise AudioError(
            f"array: shape is {samples.shape}, expected (samples,) or (samples, channels) with "
            f"at most {_MOST_CHANNELS} channels; transpose it if channels come first"
        )
    wave = _as_float(samples)
    loudest = np.abs(wave).max(initial=0.0)
    if not np.isfinite(loudest):
        raise AudioError("array: holds NaN or infinity; pass finite samples")
    if loudest > _LOUDEST:
        raise AudioError(
            f"array: samples up to {loudest:g}, expected floats in [-1, 1]; "
            "divide 16-bit values by 32768 or pass them as int16"
        )
    return wave if wave.ndim == 1 else wave.mean(axis=1)


def blocks_of(wave: np.ndarray, block_samples: int) -> Iterator[np.ndarray]:
    """Cut (S,) samples into blocks of at most `block_samples`."""
    return (wave[i : i + block_samples] for i in range(0, len(wave), block_samples))


def _as_float(samples: np.ndarray) -> np.ndarray:
    if samples.dtype.kind == "f":
        return samples.astype(np.float32)
    if samples.dtype in (np.int16, np.int32):
        return samples.astype(np.float32) / -float(np.iinfo(samples.dtype).min)
    raise AudioError(f"array: type is {samples.dtype}, expected float, int16 or int32")
