from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.decoding.ctc.greedy import GreedyDecoder
from speechrnn.decoding.ctc.hypothesis import Hypothesis, Word
from speechrnn.vocabulary import BLANK

WORDS = (BLANK, "no", "yes")
LETTERS = (BLANK, " ", "a", "b")


def along(path: list[int], size: int, posterior: float = 0.5) -> np.ndarray:
    """Posteriors whose likeliest path this is."""
    probs = np.full((len(path), size), (1 - posterior) / (size - 1))
    probs[np.arange(len(path)), path] = posterior
    return np.log(probs).astype(np.float32)


def places(hypothesis: Hypothesis) -> list[tuple[str, int, int]]:
    return [(word.text, word.start_frame, word.end_frame) for word in hypothesis.words]


def test_repeats_are_one_and_blanks_part_them() -> None:
    decoder = GreedyDecoder(WORDS)
    decoder.accept(along([0, 1, 1, 0, 1, 2, 2, 2, 0], 3))
    (found,) = decoder.finish()
    assert found.text == "no no yes"
    assert places(found) == [("no", 1, 3), ("no", 4, 5), ("yes", 5, 8)]
    assert found.score == pytest.approx(9 * math.log(0.5))


def test_letters_make_words_between_separators() -> None:
    decoder = GreedyDecoder(LETTERS)
    decoder.accept(along([1, 2, 0, 2, 3, 1, 0, 1, 3, 0, 0, 1], 4))
    assert places(decoder.finish()[0]) == [("aab", 1, 5), ("b", 8, 9)]


def test_a_word_under_way_is_shown_but_not_committed() -> None:
    decoder = GreedyDecoder(LETTERS)
    decoder.accept(along([2, 1, 3, 2], 4))
    assert decoder.best().text == "a ba"
    assert [word.text for word in decoder.committed] == ["a"]


def test_confidence_is_the_geometric_mean_of_the_posteriors() -> None:
    probs = [[0.1, 0.6, 0.3], [0.05, 0.9, 0.05], [0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]
    decoder = GreedyDecoder(WORDS)
    decoder.accept(np.log(probs))
    no, yes = decoder.finish()[0].words
    assert no.confidence == pytest.approx((0.6 * 0.9) ** (1 / 2))
    assert yes.confidence == pytest.approx(0.8)
    # A blank inside a word counts with its own posterior.
    decoder = GreedyDecoder((BLANK, "no", " "))
    decoder.accept(np.log(np.array(probs)[[0, 2, 0]]))
    (word,) = decoder.finish()[0].words
    assert word.confidence == pytest.approx((0.6 * 0.7 * 0.6) ** (1 / 3))


def test_a_repeat_across_a_cut_is_one_word() -> None:
    decoder = GreedyDecoder(WORDS)
    for path in ([1, 1], [1], [], [1, 0], [0, 1]):
        decoder.accept(along(path, 3) if path else np.zeros((0, 3)))
    assert places(decoder.best()) == [("no", 0, 4), ("no", 6, 7)]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 3), max_size=30),
    st.lists(st.integers(0, 30), max_size=8),
    st.sampled_from([LETTERS, (BLANK, "a", "b", "c")]),
)
def test_equals_collapsing_by_hand_however_it_is_cut(
    path: list[int], cuts: list[int], symbols: tuple[str, ...]
) -> None:
    log_probs = along(path, 4) if path else np.zeros((0, 4), np.float32)
    decoder, committed = GreedyDecoder(symbols), list[Word]()
    for piece in np.split(log_probs, sorted(cuts)):
        decoder.accept(piece)
        assert decoder.committed[: len(committed)] == committed
        committed = list(decoder.committed)
        assert list(decoder.best().words[: len(committed)]) == committed
    assert decoder.num_frames == len(path)
    units = [symbols[unit] for unit, _ in itertools.groupby(path) if unit]
    expected = "".join(units).split() if " " in symbols else units
    assert decoder.best().text == " ".join(expected)
    whole = GreedyDecoder(symbols)
    whole.accept(log_probs)
    assert whole.best() == decoder.best()
    assert whole.committed == committed


def test_after_finish_everything_begins_anew() -> None:
    decoder = GreedyDecoder(WORDS)
    decoder.accept(along([1, 1], 3))
    decoder.finish()
    decoder.accept(along([1, 0], 3))
    assert places(decoder.finish()[0]) == [("no", 0, 1)]
    assert decoder.finish() == [Hypothesis((), 0.0)]
