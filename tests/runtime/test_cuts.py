from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.runtime.cuts import Span, possible_spans, surest_cut

lengths = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 14)), min_size=1, max_size=7)


def bursts_of(lengths_and_pauses: list[tuple[int, int]]) -> list[tuple[int, int]]:
    bursts, now = [], 3
    for length, pause in lengths_and_pauses:
        bursts.append((now, now + length))
        now += length + pause
    return bursts


def all_cuts(spans: list[Span], first: int, count: int) -> Iterator[list[int]]:
    """Every way to cover the bursts from `first` on."""
    if first == count:
        yield []
    for index, span in enumerate(spans):
        if span.first == first:
            for rest in all_cuts(spans, span.last, count):
                yield [index, *rest]


@settings(deadline=None)
@given(lengths, st.data())
def test_the_cut_is_the_best_of_all(parts: list[tuple[int, int]], data: st.DataObject) -> None:
    bursts = bursts_of(parts)
    spans = possible_spans(bursts, 60)
    peaks = [data.draw(st.floats(0, 1)) for _ in spans]

    def worth(cut: list[int]) -> float:
        return sum(
            peaks[i] * sum(b - a for a, b in bursts[spans[i].first : spans[i].last]) for i in cut
        )

    cut = surest_cut(bursts, spans, peaks)
    covered = [burst for i in cut for burst in range(spans[i].first, spans[i].last)]
    assert covered == list(range(len(bursts)))
    best = max(map(worth, all_cuts(spans, 0, len(bursts))))
    assert worth(cut) == pytest.approx(best)


@given(lengths)
def test_spans_are_no_longer_than_allowed_unless_single(parts: list[tuple[int, int]]) -> None:
    bursts = bursts_of(parts)
    spans = set(possible_spans(bursts, 60))
    for first in range(len(bursts)):
        for last in range(first + 1, len(bursts) + 1):
            short = bursts[last - 1][1] - bursts[first][0] <= 60
            assert (Span(first, last) in spans) == (short or last == first + 1)


def test_nothing_has_no_spans_and_no_cut() -> None:
    assert possible_spans([], 100) == []
    assert surest_cut([], [], []) == []


def test_one_word_with_a_closure_stays_whole_and_two_words_part() -> None:
    bursts = [(0, 30), (38, 60)]
    spans = possible_spans(bursts, 100)
    assert spans == [Span(0, 1), Span(0, 2), Span(1, 2)]
    assert surest_cut(bursts, spans, [0.6, 0.9, 0.5]) == [1]
    assert surest_cut(bursts, spans, [0.9, 0.7, 0.9]) == [0, 2]
