from __future__ import annotations

import json
from math import inf

import pytest

from speechrnn.decoding.grammar.result import Parse, Rejected
from speechrnn.decoding.grammar.transducer import Meaning
from speechrnn.errors import DataError
from speechrnn.evaluation.sequences.intents import Understanding, score_intents, understanding

LIGHT = Meaning("light", {"room": "kitchen", "state": "off"})
DIAL = Meaning("dial", {"digit": ["one", "two", "one"]})


def understood(meant: Meaning | None, heard: Meaning | None, speaker: str = "ann") -> Understanding:
    return Understanding(speaker, meant, heard, 3.0)


def test_figures_of_a_small_list() -> None:
    scores = score_intents([
        understood(LIGHT, LIGHT, "ann"),
        understood(LIGHT, Meaning("light", {"room": "hall", "state": "off"}), "ann"),
        understood(LIGHT, Meaning("lamp", {"room": "kitchen"}), "bob"),
        understood(DIAL, None, "bob"),
        understood(None, LIGHT, "bob"),
    ])  # fmt: skip
    assert (scores.intent.part, scores.intent.whole) == (2, 4)
    assert (scores.exact.part, scores.rejected.part) == (1, 1)
    # Slots: 2 + 2 + 2 + 3 meant, 2 + 2 + 1 heard, 2 + 1 + 1 of them right.
    assert scores.precision.value == pytest.approx(4 / 5)
    assert scores.recall.value == pytest.approx(4 / 9)
    assert scores.f1.value == pytest.approx(2 * 4 / (5 + 9))
    assert scores.resampled == "speakers" and scores.intent.interval is not None
    assert json.loads(json.dumps(scores.as_dict()))["slot_f1"]["value"] == pytest.approx(4 / 7)


def test_slots_that_are_filled_several_times_count_one_by_one() -> None:
    scores = score_intents([understood(DIAL, Meaning("dial", {"digit": ["one", "two", "two"]}))])
    assert scores.recall.value == scores.precision.value == pytest.approx(2 / 3)
    assert scores.exact.part == 0


def test_a_number_with_its_digits_in_another_order_is_another_number() -> None:
    scores = score_intents([understood(DIAL, Meaning("dial", {"digit": ["two", "one", "one"]}))])
    assert scores.f1.value == 1
    assert (scores.intent.part, scores.exact.part) == (1, 0)


def test_a_grammar_without_slots_has_no_slot_figures() -> None:
    scores = score_intents([understood(Meaning("stop", {}), Meaning("stop", {}))] * 2)
    assert scores.f1.value is None and scores.f1.interval is None
    assert scores.exact.value == 1
    json.dumps(scores.as_dict(), allow_nan=False)


def test_no_sentence_of_the_grammar_is_a_fault() -> None:
    with pytest.raises(DataError, match="no sentence of the grammar"):
        score_intents([understood(None, LIGHT)])


def test_the_surest_sentence_that_was_found_counts() -> None:
    def parse(intent: str, margin: float) -> Parse:
        return Parse((), -1.0, intent, {"digit": "one"}, margin)

    found = [parse("dial", 1.0), parse("pin", 2.0), Rejected(0, 9, parse("stop", 3.0))]
    heard = Meaning("pin", {"digit": "one"})
    assert understanding("ann", DIAL, found) == Understanding("ann", DIAL, heard, 2.0)
    lost = [Rejected(0, 9, parse("stop", -3.0)), Rejected(9, 12, None)]
    assert understanding("ann", None, lost) == Understanding("ann", None, None, -3.0)
    assert understanding("ann", DIAL, []) == Understanding("ann", DIAL, None, -inf)
