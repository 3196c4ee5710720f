"""What a model makes of utterances, kept for any decoder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speechrnn import load_model
from speechrnn.datadir import load_wave, read_datadir
from speechrnn.errors import AudioError
from speechrnn.evaluation.sequences.hearing import SequenceHearing, hear_utterances
from speechrnn.runtime.sequences import log_posteriors


def test_utterances_come_in_order_and_what_cannot_be_read_is_named(
    untrained_reader: Path, tones: Path
) -> None:
    recognizer = load_model(untrained_reader)
    utterances = read_datadir(tones / "valid")[:4]
    utterances[1] = replace(utterances[1], wav=Path("gone.wav"))
    utterances[2] = replace(utterances[2], start_s=0.1, end_s=0.3)
    found = list(hear_utterances(utterances, recognizer))
    assert isinstance(found[1], AudioError) and "gone.wav" in str(found[1])
    heard = [one for one in found if isinstance(one, SequenceHearing)]
    assert [one.utterance for one in heard] == [utterances[0], *utterances[2:]]
    for one in heard:
        wave = load_wave(one.utterance, 8000)
        frames = np.concatenate(list(log_posteriors([wave], recognizer.session, recognizer.info)))
        np.testing.assert_array_equal(np.concatenate(one.frames), frames)
        assert one.duration_s == pytest.approx(len(wave) / 8000, abs=0.041)
