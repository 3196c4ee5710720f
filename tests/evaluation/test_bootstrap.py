from __future__ import annotations

import json

import numpy as np
import pytest

from speechrnn.evaluation.bootstrap import Bootstrap, Ratio
from speechrnn.evaluation.metrics import Rate


def test_a_ratio_is_of_sums_and_its_interval_always_the_same() -> None:
    def ratio() -> Ratio:
        speakers = ["ann", "ann", "bob", "cid", "dan"]
        return Bootstrap(speakers, range(5)).ratio([1, 0, 2, 0, 1], [4, 6, 5, 5, 5])

    first = ratio()
    assert first == ratio()
    assert (first.part, first.whole, first.value) == (4, 25, 4 / 25)
    assert 0 <= first.interval.low < 4 / 25 < first.interval.high <= 2 / 5
    assert json.loads(json.dumps(first.as_dict()))["value"] == 0.16


def test_speakers_are_drawn_whole() -> None:
    """Utterances that agree within a speaker tell no more than one utterance of each speaker."""
    wrong = np.array([0.0, 1.0, 0.0, 0.0, 1.0, 0.0])
    names = np.array(list("abcdef"))
    once = Bootstrap(names, range(6)).ratio(wrong, np.ones(6))
    often = Bootstrap(names.repeat(50), range(300)).ratio(wrong.repeat(50), np.ones(300))
    assert often.interval == once.interval


def test_of_one_speaker_utterances_are_drawn() -> None:
    bootstrap = Bootstrap(["ann"] * 6, [0, 0, 1, 1, 2, 2])
    assert (bootstrap.unit, bootstrap.count) == ("utterances", 3)
    bootstrap = Bootstrap(["ann", "ann", "bob"], [0, 1, 2])
    assert (bootstrap.unit, bootstrap.count) == ("speakers", 2)


def test_a_single_utterance_and_nothing_said_have_no_interval() -> None:
    assert Bootstrap(["ann"], [0]).ratio([1], [3]).interval is None
    silent = Bootstrap(["ann", "bob"], [0, 1]).ratio([1, 0], [0, 0])
    assert (silent.value, silent.interval) == (None, None)
    assert silent.as_dict()["value"] is None


def test_draws_in_which_nothing_was_said_do_not_count() -> None:
    ratio = Bootstrap(["ann", "bob"], [0, 1]).ratio([1, 1], [4, 0])
    assert ratio.value == 0.5 and ratio.interval is not None
    assert np.isfinite(ratio.interval).all()


def test_without_a_mistake_the_interval_is_not_a_point() -> None:
    """240 words without a mistake do not prove that there will never be one."""
    ratio = Bootstrap(["ann"] * 30, range(30)).ratio([0] * 30, [8] * 30)
    assert ratio.interval == Rate(0, 240).interval
    assert ratio.interval.high > 0.01


@pytest.mark.parametrize(("num_speakers", "at_least"), [(6, 0.82), (16, 0.89)])
def test_intervals_hold_the_true_rate_of_speakers_who_differ(
    num_speakers: int, at_least: float
) -> None:
    """Drawing single utterances instead, they hold it about 62 times in a hundred here."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(150):
        rates = random.beta(2, 18, num_speakers)  # 10% on average
        words = random.integers(3, 8, (num_speakers, 20))
        edits = random.binomial(words, rates[:, None])
        speakers = np.repeat(np.arange(num_speakers), 20).astype(str)
        bootstrap = Bootstrap(speakers, range(len(speakers)))
        interval = bootstrap.ratio(edits.ravel(), words.ravel()).interval
        held += interval.low <= 0.1 <= interval.high
    assert at_least <= held / 150 <= 0.99
