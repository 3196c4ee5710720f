from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.decoding.grammar.groups import Groups
from speechrnn.decoding.grammar.history import Entry, History


def test_what_leads_nowhere_is_dropped() -> None:
    history = History(2)
    assert history.trace(0) == []
    starts = np.array([0, 0])
    words = np.array([7, 8])
    for frame in range(1, 50):
        latest = history.extend(starts, words, starts, frame, starts - 0.5, starts - frame)
        # Both go on from the second word; the first one leads nowhere.
        starts = np.array([latest + 1, latest + 1])
    path = [(entry.word, entry.end_frame) for entry in history.trace(latest)]
    assert path == [(8, frame) for frame in range(1, 49)] + [(7, 49)]
    (number,) = history.collect(np.array([latest]))
    assert [(entry.word, entry.end_frame) for entry in history.trace(number)] == path
    assert number == 49  # of the 98 there were
    assert history.trace(number)[0] == Entry(8, 0, 1, -0.5, -1.0)
    history.clear()
    assert history.extend(words * 0, words, words, 1, words, words) == 1


def test_memory_is_for_the_paths_not_for_the_time() -> None:
    history = History(3)
    none = np.zeros(3, np.intp)
    for frame in range(1000):
        if history.is_full:
            assert history.collect(none).tolist() == [0, 0, 0]
        assert 0 < history.extend(none, none, none, frame, none, none) < 1000


levels = st.sampled_from([-np.inf, 1.0, 2.0, 3.0])


@given(st.lists(st.lists(levels, min_size=1, max_size=4), min_size=1, max_size=8))
def test_the_highest_of_each_group(groups: list[list[float]]) -> None:
    numbers = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    values = np.concatenate(groups)
    top, places = Groups(numbers).highest(values)
    for group, (value, place) in enumerate(zip(top, places, strict=True)):
        members = np.flatnonzero(numbers == group)
        assert value == values[members].max()
        assert place == members[values[members].argmax()]
    assert len(top) == len(places) == len(groups)
