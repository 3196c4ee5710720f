from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.datadir import Utterance
from speechrnn.evaluation.hearing import Heard
from speechrnn.evaluation.matching import TOLERANCE_S, match
from speechrnn.evaluation.strung import Placed


def said(word: str, start_s: float, end_s: float) -> Placed:
    utterance = Utterance(f"{word}-{start_s}", Path("x.wav"), "ann", word, "x")
    return Placed(utterance, start_s - 0.25, end_s + 0.25, start_s, end_s)


def fired(word: str, time_s: float, waited_s: float = 0.3) -> Heard:
    return Heard(word, 0.9, time_s, time_s + waited_s)


def test_each_word_is_hit_once() -> None:
    go, no = said("go", 1.0, 1.5), said("no", 3.0, 3.5)
    events = [fired("go", 1.4), fired("go", 2.1), fired("no", 3.6)]
    matches = match([go, no], events)
    assert matches.hits == [(go, events[0]), (no, events[2])]
    assert matches.extra == [events[1]]
    assert not matches.missed and not matches.wrong
    assert matches.delays_s == pytest.approx([0.2, 0.4])


@pytest.mark.parametrize(
    ("time_s", "hit"),
    [
        (1.5 + TOLERANCE_S, True),
        (1.5 + TOLERANCE_S + 0.01, False),
        (0.7, True),  # a frame before the word, but judged with what came after it
        (0.69, False),  # reported before the word began
    ],
)
def test_how_far_a_word_reaches(time_s: float, hit: bool) -> None:
    matches = match([said("go", 1.0, 1.5)], [fired("go", time_s)])
    assert (len(matches.hits), len(matches.missed), len(matches.extra)) == (
        (1, 0, 0) if hit else (0, 1, 1)
    )


def test_another_word_is_wrong_and_leaves_the_said_one_missed() -> None:
    go = said("go", 1.0, 1.5)
    matches = match([go], [fired("no", 1.3)])
    assert matches.wrong == [(go, fired("no", 1.3))]
    assert matches.missed == [go]
    assert match([go], [fired("no", 5.0)]).extra == [fired("no", 5.0)]


def test_a_wrong_word_does_not_take_the_right_ones_place() -> None:
    go = said("go", 1.0, 1.5)
    matches = match([go], [fired("no", 1.2), fired("go", 1.8)])
    assert matches.hits == [(go, fired("go", 1.8))]
    assert matches.wrong == [(go, fired("no", 1.2))]


def test_a_wrong_word_between_two_belongs_to_the_later() -> None:
    go, stop = said("go", 1.0, 1.5), said("stop", 1.9, 2.4)
    assert match([go, stop], [fired("no", 2.0)]).wrong[0][0] == stop


def test_a_word_twice_in_a_row_is_two() -> None:
    first, second = said("go", 1.0, 1.3), said("go", 1.6, 1.9)
    events = [fired("go", 1.65), fired("go", 1.8)]
    assert match([first, second], events).hits == [(first, events[0]), (second, events[1])]


def test_nothing_said_or_nothing_fired() -> None:
    assert match([], [fired("go", 1.0)]).extra == [fired("go", 1.0)]
    assert match([said("go", 1.0, 1.5)], []).missed == [said("go", 1.0, 1.5)]


TIMES = st.lists(st.integers(0, 30), max_size=5, unique=True).map(sorted)


@settings(deadline=None, max_examples=200)
@given(TIMES, TIMES, st.data())
def test_no_other_matching_hits_more(starts: list[int], times: list[int], data) -> None:
    word = st.sampled_from(["go", "no"])
    words = [said(data.draw(word), s / 5, s / 5 + 0.1) for s in starts]
    events = [fired(data.draw(word), t / 5) for t in times]
    matches = match(words, events)

    def fits(placed: Placed, heard: Heard) -> bool:
        return (
            placed.utterance.text == heard.word
            and heard.emitted_s >= placed.sound_start_s
            and heard.time_s <= placed.sound_end_s + TOLERANCE_S
        )

    most = 0
    padded = [*events, *([None] * len(words))]
    for order in permutations(padded, len(words)) if len(padded) < 8 else []:
        most = max(
            most, sum(e is not None and fits(w, e) for w, e in zip(words, order, strict=True))
        )
    assert all(fits(placed, heard) for placed, heard in matches.hits)
    assert len(matches.hits) >= most
    assert len(matches.hits) + len(matches.missed) == len(words)
    assert len(matches.hits) + len(matches.wrong) + len(matches.extra) == len(events)
