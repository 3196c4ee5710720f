from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speechrnn.datadir import Utterance, read_datadir
from speechrnn.errors import AudioError, DataError
from speechrnn.evaluation.trial import Answer, answers, score_answers, true_labels
from speechrnn.runtime.recognizer import load_model


def said(*texts: str) -> list[Utterance]:
    return [Utterance(str(i), Path("x.wav"), "ann", text, str(i)) for i, text in enumerate(texts)]


def test_words_that_are_no_label_are_unknown() -> None:
    assert true_labels(said("yes", "tree"), ["yes", "_unknown_"]) == ["yes", "_unknown_"]


def test_without_an_unknown_label_foreign_words_are_named() -> None:
    with pytest.raises(DataError, match="does not know '', 'bird', 'tree', and has no"):
        true_labels(said("yes", "tree", "bird", "tree", ""), ["no", "yes"])


def test_at_most_ten_foreign_words_are_named() -> None:
    with pytest.raises(DataError, match="and 15 more"):
        true_labels(said(*map(str, range(25))), ["yes"])


def test_answers_come_in_order_and_name_what_cannot_be_read(tones: Path, tone_model: Path) -> None:
    utterances = [u for u in read_datadir(tones / "train") if u.text != "mid"]
    utterances[3] = replace(utterances[3], wav=Path("gone.wav"))
    recognizer = load_model(tone_model)
    info = recognizer.info
    given = list(answers(utterances, info.labels, info.sample_rate_hz, recognizer.clip_log_probs))
    assert isinstance(given[3], AudioError) and "gone.wav" in str(given[3])
    right = [answer for answer in given if isinstance(answer, Answer)]
    assert [answer.utterance for answer in right] == utterances[:3] + utterances[4:]
    assert all(answer.heard == answer.truth for answer in right)
    assert score_answers(right, info.labels).accuracy.hits == len(utterances) - 1


def test_memory_is_bounded_by_asking_for_a_few_clips_at_a_time(tones: Path) -> None:
    utterances = read_datadir(tones / "train")[:1] * 600
    sizes = []

    def classify(waves: list[np.ndarray]) -> np.ndarray:
        sizes.append(len(waves))
        return np.zeros((len(waves), 3))

    assert len(list(answers(utterances, ["high", "low", "mid"], 8000, classify))) == 600
    assert sizes == [256, 256, 88]
