from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from speechrnn.errors import DataError
from speechrnn.evaluation.metrics import Confusion, Interval, Rate, mean_with_interval, score


@settings(deadline=None)
@given(st.integers(1, 5000), st.data())
def test_wilson_interval_is_scipys(total: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, total))
    expected = stats.binomtest(hits, total).proportion_ci(0.95, method="wilson")
    interval = Rate(hits, total).interval
    assert interval.low == pytest.approx(expected.low, abs=1e-12)
    assert interval.high == pytest.approx(expected.high, abs=1e-12)
    assert 0 <= interval.low <= Rate(hits, total).share <= interval.high <= 1


def test_nothing_counted_tells_nothing() -> None:
    assert Rate(0, 0).interval == Interval(0, 1)


@settings(deadline=None)
@given(st.lists(st.integers(0, 200), min_size=2, max_size=20, unique=True))
def test_interval_of_a_mean_is_students(counts: list[int]) -> None:
    values = [count / 200 for count in counts]
    result = mean_with_interval(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert result.interval == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_equal_values_have_an_interval_of_no_width() -> None:
    assert mean_with_interval([0.75] * 4).interval == Interval(0.75, 0.75)


def test_one_speaker_has_a_mean_but_no_interval() -> None:
    result = mean_with_interval([0.5])
    assert (result.value, result.interval, result.count) == (0.5, None, 1)


def test_figures_of_a_small_list() -> None:
    scores = score(
        ["yes", "yes", "no", "no", "no", "go"],
        ["yes", "no", "no", "no", "yes", "_unknown_"],
        ["ann", "ann", "ann", "bob", "bob", "bob"],
        ["go", "no", "yes", "_unknown_"],
    )
    assert scores.accuracy == Rate(3, 6)
    assert scores.recall == {
        "go": Rate(0, 1), "no": Rate(2, 3), "yes": Rate(1, 2), "_unknown_": Rate(0, 0)
    }  # fmt: skip
    assert scores.precision == {
        "go": Rate(0, 0), "no": Rate(2, 3), "yes": Rate(1, 2), "_unknown_": Rate(0, 1)
    }  # fmt: skip
    assert scores.speakers == {"ann": Rate(2, 3), "bob": Rate(1, 3)}
    assert scores.speaker_mean.value == pytest.approx(0.5)
    np.testing.assert_array_equal(
        scores.confusion, [[0, 0, 0, 1], [0, 2, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    )
    assert set(scores.confused_pairs()) == {
        Confusion("go", "_unknown_", 1), Confusion("no", "yes", 1), Confusion("yes", "no", 1)
    }  # fmt: skip


def test_pairs_come_most_frequent_first_and_only_the_first_few() -> None:
    truths, heard = ["a"] * 3 + ["b"] * 2 + ["c"], ["b"] * 3 + ["c"] * 2 + ["a"]
    pairs = score(truths, heard, ["x"] * 6).confused_pairs(most=2)
    assert pairs == [Confusion("a", "b", 3), Confusion("b", "c", 2)]


words = st.sampled_from(["a", "b", "c", "_unknown_"])


@settings(deadline=None)
@given(st.lists(st.tuples(words, words, st.sampled_from("xyz")), min_size=1, max_size=60))
def test_figures_agree_with_each_other(clips: list[tuple[str, str, str]]) -> None:
    scores = score(*map(list, zip(*clips, strict=True)))
    assert scores.confusion.sum() == scores.accuracy.total == len(clips)
    assert scores.confusion.trace() == scores.accuracy.hits
    for rates in (scores.recall, scores.precision, scores.speakers):
        assert sum(rate.hits for rate in rates.values()) == scores.accuracy.hits
        assert sum(rate.total for rate in rates.values()) == len(clips)
    json.dumps(scores.as_dict(), allow_nan=False)


def test_no_clips_and_unequal_lists_are_faults() -> None:
    with pytest.raises(DataError, match="no clips"):
        score([], [], [])
    with pytest.raises(DataError, match="2 true words, 1 heard ones"):
        score(["a", "b"], ["a"], ["x", "x"])
