"""Where a recording is louder than its surroundings: the places where a word may be."""

from __future__ import annotations

import numpy as np

FRAMES_PER_S = 100
CONTEXT_FRAMES = 300  # loudness is judged against this much before and after
SILENCE_DB = -100.0  # level of digital silence
STEP_FRAMES = 50  # floor and peak move slowly: worked out only this often, from frame 0 on

_SMOOTH_FRAMES = 3
_FLOOR_PERCENTILE = 10
_ABOVE_FLOOR_DB = 6.0
_LEAST_ABOVE_FLOOR_DB = 4.0  # steady noise varies less
_BELOW_PEAK_DB = 30.0
_PEAK_MARGIN_DB = 6.0  # in loud noise the peaks of speech hardly stand out
_QUIETEST_DB = -65.0  # against full scale; below this nobody speaks


def levels_db(wave: np.ndarray, frame_samples: int) -> np.ndarray:
    """Smoothed level of whole frames.

    Args:
        wave: (S,) samples.
        frame_samples: Samples of a frame.

    Returns:
        (T,) level against full scale in dB, T = S // frame_samples.
    """
    count = len(wave) // frame_samples
    power = np.square(wave[: count * frame_samples].reshape(count, frame_samples)).mean(axis=1)
    if not count:
        return np.zeros(0, np.float32)
    smooth = np.convolve(power, np.full(_SMOOTH_FRAMES, 1 / _SMOOTH_FRAMES), "same")
    return 10 * np.log10(smooth[:count] + 10 ** (SILENCE_DB / 10))


def active_frames(levels: np.ndarray) -> np.ndarray:
    """Which frames stand out from the surroundings.

    Args:
        levels: (T,) from `levels_db`.

    Returns:
        (T,) bool; right for a frame once `CONTEXT_FRAMES` on both sides are there.
    """
    threshold = np.empty(len(levels))
    for first in range(0, len(levels), STEP_FRAMES):
        last = first + STEP_FRAMES
        around = levels[max(0, first - CONTEXT_FRAMES) : last + CONTEXT_FRAMES]
        threshold[first:last] = threshold_db(around)
    return levels > threshold


def stretches(active: np.ndarray, pause_frames: int) -> list[tuple[int, int]]:
    """Runs of active frames, (first, one past last) each, joined over shorter pauses.

    Args:
        active: (T,) bool.
        pause_frames: A pause of so many frames parts two stretches.
    """
    found: list[list[int]] = []
    for frame in np.flatnonzero(active).tolist():
        if found and frame - found[-1][1] < pause_frames:
            found[-1][1] = frame + 1
        else:
            found.append([frame, frame + 1])
    return [(first, last) for first, last in found]


def loudest_part(levels: np.ndarray, first: int, last: int, pause_frames: int) -> tuple[int, int]:
    """The connected loud part around the loudest of the frames [first, last).

    Args:
        levels: (T,) from `levels_db`.
        first: First frame looked at.
        last: One past the last.
        pause_frames: A pause of so many frames ends the part.
    """
    inside = levels[first:last]
    parts = stretches(inside > threshold_db(inside), pause_frames)
    loudest = int(inside.argmax())
    for a, b in parts:
        if a <= loudest < b:
            return first + a, first + b
    return first, last


def threshold_db(levels: np.ndarray) -> float:
    """The level above which a frame stands out from (T,) levels around it, T at least 1."""
    floor, peak = np.percentile(levels, _FLOOR_PERCENTILE), levels.max()
    above_floor = min(floor + _ABOVE_FLOOR_DB, peak - _PEAK_MARGIN_DB)
    return max(above_floor, floor + _LEAST_ABOVE_FLOOR_DB, peak - _BELOW_PEAK_DB, _QUIETEST_DB)
