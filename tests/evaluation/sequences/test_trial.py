from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from speechrnn.datadir import Utterance
from speechrnn.decoding.ctc.greedy import GreedyDecoder
from speechrnn.decoding.ctc.hypothesis import Hypothesis, Word
from speechrnn.decoding.grammar.compiled import compile_grammar
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.decoding.grammar.parser import parse_grammar
from speechrnn.decoding.grammar.result import Parse, Rejected
from speechrnn.errors import DataError
from speechrnn.evaluation.sequences.hearing import SequenceHearing
from speechrnn.evaluation.sequences.trial import Reading, SequenceTrial, read_hearing

SYMBOLS = ("<blk>", "a", "b")


def hypothesis(text: str) -> Hypothesis:
    return Hypothesis(tuple(Word(word, 0, 1, 0.9) for word in text.split()), -1.0)


def reading(said: str, heard: str, speaker: str = "ann") -> Reading:
    return Reading(Utterance("u", Path("u.wav"), speaker, said, "u"), hypothesis(heard))


def test_words_that_are_none_count_on_neither_side() -> None:
    trial = SequenceTrial([
        reading("_silence_", "_unknown_"),
        reading("left _unknown_ right", "left right _silence_"),
    ])  # fmt: skip
    assert trial.alignments == [(), (("left", "left"), ("right", "right"))]
    assert trial.scores.words.ratio.value == 0
    assert trial.scores.strings.hits == 2


def test_figures_know_who_spoke() -> None:
    trial = SequenceTrial([reading("a b", "a", "ann"), reading("a b", "a b", "bob")])
    assert trial.scores.speakers["ann"].words.deletions == 1
    assert trial.scores.speakers["bob"].words.total == 0


def test_nothing_read_is_a_fault() -> None:
    with pytest.raises(DataError, match="no utterances"):
        SequenceTrial([]).scores


def hearing(*symbols: int) -> SequenceHearing:
    """An utterance in which the symbols are nearly sure, in two pieces."""
    probs = np.full((len(symbols), 3), 0.02)
    probs[np.arange(len(symbols)), symbols] = 0.96
    frames = np.split(np.log(probs), [len(symbols) // 2])
    return SequenceHearing(Utterance("u", Path("u.wav"), "ann", "a b", "u"), frames, 1.5)


def test_a_hearing_can_be_read_with_any_decoder() -> None:
    heard = hearing(0, 1, 0, 2, 2, 0)
    read = read_hearing(heard, GreedyDecoder(SYMBOLS))
    assert (read.hypothesis.text, read.stretches, read.duration_s) == ("a b", (), 1.5)
    assert read.utterance is heard.utterance


def test_with_a_grammar_every_stretch_between_pauses_is_kept() -> None:
    pause = [0] * 20
    decoder = GrammarDecoder(compile_grammar(parse_grammar("intent x: a b\n"), SYMBOLS))
    heard = hearing(0, 1, 2, *pause, 2, 0, 2, *pause, 1, 0, 2, *pause)
    read = read_hearing(heard, decoder)
    assert [type(stretch) for stretch in read.stretches] == [Parse, Rejected, Parse]
    assert read.hypothesis.text == "a b a b"
    parses = [stretch for stretch in read.stretches if isinstance(stretch, Parse)]
    assert read.hypothesis.score == pytest.approx(sum(parse.score for parse in parses))
