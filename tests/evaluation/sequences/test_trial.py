from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speechrnn.datadir import Utterance, read_datadir
from speechrnn.decoding.ctc.hypothesis import Hypothesis, Word
from speechrnn.errors import AudioError, DataError
from speechrnn.evaluation.sequences.trial import Reading, SequenceTrial, readings


def hypothesis(text: str) -> Hypothesis:
    return Hypothesis(tuple(Word(word, 0, 1, 0.9) for word in text.split()), -1.0)


def reading(said: str, heard: str, speaker: str = "ann") -> Reading:
    return Reading(Utterance("u", Path("u.wav"), speaker, said, "u"), hypothesis(heard))


def test_readings_come_in_order_and_name_what_cannot_be_read(tones: Path) -> None:
    utterances = read_datadir(tones / "valid")[:4]
    utterances[1] = replace(utterances[1], wav=Path("gone.wav"))
    waves: list[np.ndarray] = []

    def read(wave: np.ndarray) -> Hypothesis:
        waves.append(wave)
        return hypothesis(f"word{len(waves)}")

    found = list(readings(utterances, 16000, read))
    assert isinstance(found[1], AudioError) and "gone.wav" in str(found[1])
    heard = [one for one in found if isinstance(one, Reading)]
    assert [one.utterance for one in heard] == [utterances[0], *utterances[2:]]
    assert [one.hypothesis.text for one in heard] == ["word1", "word2", "word3"]
    assert all(wave.dtype == np.float32 and len(wave) > 5000 for wave in waves)  # at 16 kHz


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
