"""Which neighbouring bursts of sound make one word, and which make two."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

Burst = tuple[int, int]


class Span(NamedTuple):
    """The bursts [first, last) taken together."""

    first: int
    last: int


def possible_spans(bursts: Sequence[Burst], longest_frames: int) -> list[Span]:
    """Every run of neighbouring bursts that is no longer than `longest_frames`.

    A single burst is a span however long it is.
    """
    spans = []
    for first in range(len(bursts)):
        for last in range(first + 1, len(bursts) + 1):
            if last > first + 1 and bursts[last - 1][1] - bursts[first][0] > longest_frames:
                break
            spans.append(Span(first, last))
    return spans


def surest_cut(bursts: Sequence[Burst], spans: Sequence[Span], peaks: Sequence[float]) -> list[int]:
    """Cut bursts into spans such that the model is surest about what it hears.

    Every frame of a burst counts with the posterior that the best label of its span has, word or
    not; the cut with the highest sum wins, by dynamic programming.

    Args:
        bursts: (first frame, one past last) each, in order.
        spans: From `possible_spans`.
        peaks: Highest posterior of any label in each span.

    Returns:
        Indices into `spans`, in order of time, that cover each burst once.
    """
    best: list[tuple[float, int]] = [(0.0, -1)] + [(-inf, -1)] * len(bursts)
    # Spans come by their first burst, so the sums up to it are final.
    for index, (span, peak) in enumerate(zip(spans, peaks, strict=True)):
        inside = bursts[span.first : span.last]
        loud = sum(last - first for first, last in inside)
        total = best[span.first][0] + peak * loud
        if total > best[span.last][0]:
            best[span.last] = (total, index)
    cut = []
    end = len(bursts)
    while end:
        index = best[end][1]
        cut.append(index)
        end = spans[index].first
    return cut[::-1]
