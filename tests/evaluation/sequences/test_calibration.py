"""The threshold of a grammar, found on sentences and other speech."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from speechrnn.datadir import Utterance
from speechrnn.decoding.grammar.compiled import compile_grammar
from speechrnn.decoding.grammar.parser import parse_grammar
from speechrnn.errors import DataError
from speechrnn.evaluation.sequences.calibration import calibrate_grammar
from speechrnn.evaluation.sequences.hearing import SequenceHearing

SYMBOLS = ("<blk>", "go", "no")
GRAMMAR = compile_grammar(parse_grammar("intent move: go no\n"), SYMBOLS)
DAY = date(2026, 1, 31)


def hearing(said: str, heard: str, doubt: float) -> SequenceHearing:
    """An utterance in which, at its last word, another is likelier by `doubt` nats."""
    probs = np.full((20, 3), 0.01)
    probs[:, 0] = 0.98
    for place, word in enumerate(heard.split()):
        probs[2 * place + 1, [0, SYMBOLS.index(word)]] = 0.01, 0.98
    log_probs = np.log(probs)
    last = 2 * len(heard.split()) - 1
    wrong = 3 - SYMBOLS.index(heard.split()[-1])
    log_probs[last, wrong] = log_probs[last].max() + doubt
    utterance = Utterance(said, Path("u.wav"), "ann", said, said)
    return SequenceHearing(utterance, [log_probs], 3600.0)


def test_one_sentence_in_a_hundred_may_be_lost() -> None:
    # Doubts of 0.05 to 5 nats: the threshold lies at the second largest.
    inside = [hearing("go no", "go no", 0.05 * i) for i in range(1, 101)]
    outside = [hearing("no go", "go no", doubt) for doubt in (4.92, 4.97, 9.0)]
    acceptance, scores = calibrate_grammar([*inside, *outside], GRAMMAR, "move.txt", DAY)
    assert acceptance.threshold == pytest.approx(-4.95 + 2 * 0.02, abs=0.001)
    assert acceptance.facts["name"] == "move.txt" and acceptance.facts["date"] == "2026-01-31"
    assert (acceptance.facts["lost"]["hits"], acceptance.facts["accepted"]["hits"]) == (1, 1)
    assert acceptance.facts["accepted_per_hour"]["hours"] == 3
    # At the default threshold of -1 nearly all were lost: they were read anew.
    assert scores.threshold == acceptance.threshold and scores.calibrated
    assert scores.intents is not None and scores.intents.rejected.part == 1


def test_what_was_not_found_at_all_is_lost_anyway() -> None:
    silent = hearing("go no", "go no", 0.0)
    silent = SequenceHearing(silent.utterance, [silent.frames[0][:1]], 1.0)
    hearings = [hearing("go no", "go no", 0.5), silent, hearing("no go", "no go", 0.0)]
    acceptance, _ = calibrate_grammar(hearings, GRAMMAR, "move.txt", DAY)
    assert acceptance.facts["lost"]["hits"] == 1 and acceptance.threshold > -1


def test_sentences_that_are_never_found() -> None:
    silent = hearing("go no", "go no", 0.0)
    silent = SequenceHearing(silent.utterance, [silent.frames[0][:1]], 1.0)
    with pytest.raises(DataError, match="none of the sentences of the grammar was found"):
        calibrate_grammar([silent, hearing("no go", "no go", 0.0)], GRAMMAR, "move.txt", DAY)


def test_both_kinds_of_speech_are_needed() -> None:
    with pytest.raises(DataError, match="0 stretches of other speech"):
        calibrate_grammar([hearing("go no", "go no", 0.0)], GRAMMAR, "move.txt", DAY)
