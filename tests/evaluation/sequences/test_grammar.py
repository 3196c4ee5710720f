"""Figures of a grammar: what was understood, and what was rejected."""

from __future__ import annotations

import json
from math import inf
from pathlib import Path

import pytest

from speechrnn.datadir import Utterance
from speechrnn.decoding.ctc.hypothesis import Hypothesis
from speechrnn.decoding.grammar.compiled import compile_grammar
from speechrnn.decoding.grammar.parser import parse_grammar
from speechrnn.decoding.grammar.result import Parse, Rejected
from speechrnn.evaluation.sequences.grammar import score_grammar, understandings
from speechrnn.evaluation.sequences.grammar_page import rejection_rows, rejection_text
from speechrnn.evaluation.sequences.plots import rejection_png
from speechrnn.evaluation.sequences.trial import Reading

PIN = compile_grammar(
    parse_grammar("intent pin: {digit}{2}\ndigit: one | two\n"), ("_", "one", "two")
)


def parse(text: str, margin: float) -> Parse:
    meaning = PIN.interpret(text.split())
    assert meaning is not None
    return Parse((), -1.0, *meaning, margin)


def reading(said: str, *stretches: Parse | Rejected, hours: float = 0.5) -> Reading:
    utterance = Utterance("u", Path("u.wav"), "ann", said, "u")
    return Reading(utterance, Hypothesis((), 0.0), stretches, 3600 * hours)


READINGS = [
    reading("one two", parse("one two", -0.1)),
    reading("two two", parse("two one", -0.5)),
    reading("one one", Rejected(0, 9, parse("one one", -1.5))),
    # The rest is other speech: three digits, other words, nothing at all.
    reading("one two one", parse("one two", -0.2)),
    reading("what else", Rejected(0, 9, parse("one two", -1.2)), Rejected(20, 29, None)),
    reading("", hours=1.0),
]


def test_every_stretch_of_other_speech_counts_and_silence_once() -> None:
    found = understandings(READINGS, PIN)
    assert [its.meant is not None for its in found] == [True] * 3 + [False] * 4
    assert [its.margin for its in found[3:]] == [-0.2, -1.2, -inf, -inf]
    assert found[0].meant == found[0].heard
    assert found[2].heard is None and found[2].margin == -1.5


def test_figures() -> None:
    scores = score_grammar(READINGS, PIN, -1.0, calibrated=True)
    assert scores.intents is not None and scores.rejection is not None
    assert (scores.intents.intent.part, scores.intents.exact.part) == (2, 1)
    assert scores.intents.rejected.part == 1
    rejection = scores.rejection
    assert (rejection.point.lost.hits, rejection.point.lost.total) == (1, 3)
    assert (rejection.point.accepted.hits, rejection.point.accepted.total) == (1, 4)
    assert (rejection.alarms.count, rejection.alarms.hours) == (1, pytest.approx(2.0))
    tree = json.loads(json.dumps(scores.as_dict(), allow_nan=False))
    assert tree["rejection"]["at_1_percent_lost"]["threshold"] == -1.5
    assert tree["rejection"]["at_threshold"]["accepted"]["hits"] == 1
    assert tree["calibrated"] is True


def test_figures_in_words_and_as_a_picture() -> None:
    rejection = score_grammar(READINGS, PIN, -1.0, calibrated=False).rejection
    assert rejection is not None
    text = rejection_text(rejection)
    assert text.startswith("1 of 4 stretches of other speech in 2.0 h were accepted: 0.50 an hour")
    assert "With 1% of in-grammar sentences lost, 50.0% of other speech accepted (95%" in text
    assert [name for name, _ in rejection_rows(rejection)] == ["in use", "at 1% lost"]
    assert rejection_png(rejection).startswith(b"\x89PNG")


def test_a_sentence_never_found_is_lost_at_every_threshold() -> None:
    rejection = score_grammar([*READINGS, reading("one one")], PIN, -1.0, False).rejection
    assert rejection is not None
    assert rejection_text(rejection).endswith("loses more than 1% of the sentences of the grammar.")
    assert [name for name, _ in rejection_rows(rejection)] == ["in use"]
    assert rejection_png(rejection).startswith(b"\x89PNG")


def test_without_either_kind_of_speech_there_is_less_to_say() -> None:
    inside = score_grammar(READINGS[:3], PIN, -1.0, False)
    assert inside.intents is not None and inside.rejection is None
    outside = score_grammar(READINGS[3:], PIN, -1.0, False)
    assert outside.intents is None and outside.rejection is None
