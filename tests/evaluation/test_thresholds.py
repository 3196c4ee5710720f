from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.evaluation.thresholds import Allocation, Peaks, separate_peaks

PROBS = st.lists(st.integers(0, 20).map(lambda n: n / 20), max_size=5)


def peaks(said: list[float], unsaid: list[float]) -> Peaks:
    return Peaks(np.array(said), np.array(sorted(unsaid, reverse=True)))


def outcome(of_words: dict[str, Peaks], thresholds: dict[str, float]) -> tuple[float, int]:
    """Sum of the words' miss rates, alarms."""
    missed, alarms = 0.0, 0
    for word, its in of_words.items():
        missed += float((its.said < thresholds[word]).mean()) if len(its.said) else 0.0
        alarms += int((its.unsaid >= thresholds[word]).sum())
    return round(missed, 9), alarms


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(PROBS, PROBS), min_size=1, max_size=3), st.integers(0, 4))
def test_no_other_thresholds_miss_less(words, budget: int) -> None:
    of_words = {str(i): peaks(said, unsaid) for i, (said, unsaid) in enumerate(words)}
    allocation = Allocation(of_words, budget)
    found = allocation.thresholds(budget)
    missed, alarms = outcome(of_words, found)
    # Every threshold that tells any two of the peaks apart, from the least one on.
    grid = [0.26, *(n / 20 + 0.025 for n in range(5, 21))]
    every = [
        outcome(of_words, dict(zip(of_words, thresholds, strict=True)))
        for thresholds in product(grid, repeat=len(of_words))
    ]
    fewest = min(missed for missed, alarms in every if alarms <= budget)
    assert (missed, alarms) == (fewest, min(alarms for missed, alarms in every if missed == fewest))
    assert allocation.miss_rates[-1] == pytest.approx(missed)
    assert min(found.values()) > 0.25


def test_every_budget_has_its_thresholds() -> None:
    of_words = {
        "go": peaks([0.9, 0.8, 0.8, 0.45], [0.7, 0.5, 0.3]),
        "no": peaks([0.9, 0.6], [0.65, 0.1]),
    }
    allocation = Allocation(of_words, 10)
    # Only four peaks are above 0.25. One alarm wins half of "no", three a quarter of "go".
    assert allocation.miss_rates.tolist() == [0.75, 0.25, 0.25, 0, 0]
    assert [outcome(of_words, allocation.thresholds(n)) for n in (0, 1, 2, 3, 4, 99)] == [
        (0.75, 0), (0.25, 1), (0.25, 1), (0, 3), (0, 3), (0, 3)
    ]  # fmt: skip


def test_each_word_counts_the_same_however_often_it_was_said() -> None:
    of_words = {
        "often": peaks([0.9] * 8 + [0.6] * 2, [0.7]),
        "rare": peaks([0.9, 0.6], [0.7]),
    }
    thresholds = Allocation(of_words, 1).thresholds(1)
    assert thresholds["often"] > 0.7 > 0.6 > thresholds["rare"]


def test_a_threshold_lies_halfway() -> None:
    of_words = {"go": peaks([0.95, 0.8], [0.6])}
    assert Allocation(of_words, 0).thresholds(0)["go"] == pytest.approx(0.7)


def test_little_audio_does_not_lower_a_threshold_to_nothing() -> None:
    """An hour without a single peak is no evidence that a threshold of 0.05 is safe."""
    of_words = {"go": peaks([0.9, 0.04], [0.01])}
    assert Allocation(of_words, 5).thresholds(5)["go"] == pytest.approx((0.25 + 0.9) / 2)


def test_a_word_never_said_keeps_clear_of_its_peaks() -> None:
    of_words = {"go": peaks([], [0.9, 0.8]), "no": peaks([], [1.0])}
    thresholds = Allocation(of_words, 5).thresholds(5)
    assert thresholds["go"] == pytest.approx(0.955)
    assert thresholds["no"] > 1  # never reported, as it fired at full posterior
    assert outcome(of_words, thresholds) == (0, 0)


def test_peaks_are_separate() -> None:
    track = np.array([0, 0.2, 0.9, 0.9, 0.3, 0.5, 0.1, 0.1, 0.4, 0.0, 0.6])
    assert separate_peaks(track, 1).tolist() == [0.9, 0.6, 0.5, 0.4]
    assert separate_peaks(track, 3).tolist() == [0.9, 0.6]
    assert separate_peaks(track, 2).tolist() == [0.9, 0.6, 0.5, 0.4]
    assert separate_peaks(np.zeros(0), 3).tolist() == []


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(1, 8))
def test_no_frame_is_higher_than_a_peak_nearby(values: list[int], distance: int) -> None:
    track = np.array(values, float)
    found = separate_peaks(track, distance)
    assert found[0] == track.max()
    assert sorted(found, reverse=True) == found.tolist()
    # So few fit, and what is above a threshold is never without a peak above it.
    assert len(found) <= -(-len(track) // distance)
    assert all((found >= level).any() == (track >= level).any() for level in range(10))
