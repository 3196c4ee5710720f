"""Overlapping windows over a long stretch of audio, and the words that they agree on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from speechrnn.decoding.activity import loudest_part

HOPS_PER_CLIP = 8
_AGREEING_WINDOWS = 2  # a word is seen by at least so many neighbours
_SHORTEST_FRAMES = 20  # where windows hardly overlap, look at least this far around
_PAUSE_FRAMES = 15  # a closure inside a word, as before the t of "right", is shorter
_OVERLAP = 0.3  # of the shorter of two finds: from here on they are one word


class Find(NamedTuple):
    """A label heard in the frames [first, last)."""

    first: int
    last: int
    label: int
    confidence: float


def window_starts(first: int, last: int, clip_frames: int) -> np.ndarray:
    """Where windows start that cover the frames [first, last) and what surrounds them.

    Returns:
        (K,) first frames, an eighth of a clip apart.
    """
    hop = clip_frames // HOPS_PER_CLIP
    before = clip_frames // 2
    return np.arange(first - before, max(first, last - clip_frames + before) + 1, hop)


def agreed_words(
    starts: np.ndarray,
    probs: np.ndarray,
    is_word: np.ndarray,
    threshold: float,
    levels: np.ndarray,
    clip_frames: int,
) -> list[Find]:
    """Words that neighbouring windows agree on, each once, in order of time.

    Args:
        starts: (K,) first frames of the windows, counted like `levels`.
        probs: (K, V) posteriors of the windows.
        is_word: (V,) false for labels that are never reported.
        threshold: Posterior from which a window has a say.
        levels: (T,) levels in dB, which place a word inside what its windows share.
        clip_frames: Frames of a window.
    """
    best = probs.argmax(axis=1)
    peak = probs.max(axis=1)
    sure = is_word[best] & (peak >= threshold)
    finds = []
    first = 0
    while first < len(starts):
        last = first + 1
        while last < len(starts) and best[last] == best[first]:
            last += 1
        run = first + np.flatnonzero(sure[first:last])
        if len(run) >= _AGREEING_WINDOWS:
            place = _shared(int(starts[run[0]]), int(starts[run[-1]]), clip_frames, len(levels))
            confidence = float(peak[run].mean())
            finds.append(
                Find(*loudest_part(levels, *place, _PAUSE_FRAMES), int(best[first]), confidence)
            )
        first = last
    return sorted(_without_doubles(finds))


def _shared(
    first_start: int, last_start: int, clip_frames: int, num_frames: int
) -> tuple[int, int]:
    first, last = last_start, first_start + clip_frames
    if last - first < _SHORTEST_FRAMES:
        middle = (first + last) // 2
        first, last = middle - _SHORTEST_FRAMES, middle + _SHORTEST_FRAMES
    widen = clip_frames // HOPS_PER_CLIP  # the next window would have shared that much less
    first = min(max(0, first - widen), num_frames - 1)
    return first, max(first + 1, min(num_frames, last + widen))


def _without_doubles(finds: list[Find]) -> list[Find]:
    kept: list[Find] = []
    for find in sorted(finds, key=lambda find: -find.confidence):
        if not any(_same_place(find, other) for other in kept):
            kept.append(find)
    return kept


def _same_place(one: Find, other: Find) -> bool:
    shared = min(one.last, other.last) - max(one.first, other.first)
    return shared > _OVERLAP * min(one.last - one.first, other.last - other.first)
