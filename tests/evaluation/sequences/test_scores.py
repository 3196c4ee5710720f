from __future__ import annotations

import json

import jiwer
import numpy as np
import pytest

from speechrnn.errors import DataError
from speechrnn.evaluation.metrics import Confusion, Rate
from speechrnn.evaluation.sequences.alignment import Edits, align_words
from speechrnn.evaluation.sequences.scores import SequenceScores, WordCount, score_sequences


def scores_of(*said_and_heard: tuple[str, str], speakers: str = "") -> SequenceScores:
    """Speakers are single letters; all one where not given."""
    truths, heard = zip(*said_and_heard, strict=True)
    alignments = align_words([t.split() for t in truths], [h.split() for h in heard])
    return score_sequences(alignments, list(speakers or "a" * len(truths)))


def test_figures_of_a_small_list() -> None:
    scores = scores_of(
        ("one two three", "one two three"),
        ("four five", "four nine"),
        ("one one", "one"),
        ("", "five"),
        ("five six", "nine six"),
        ("", ""),
        speakers="aabbcc",
    )
    assert scores.words.edits == Edits(substitutions=2, deletions=1, insertions=1, said=9)
    assert scores.words.ratio.value == pytest.approx(4 / 9)
    assert (scores.sentences.part, scores.num_utterances) == (4, 6)
    assert scores.strings == Rate(2, 6)
    # five to nine takes two characters, each time; " one" is four; "five" out of nothing is four
    assert scores.characters.edits.total == 2 + 4 + 4 + 2
    assert scores.characters.edits.said == len("one two threefour fiveone onefive six")
    assert scores.substitutions == [Confusion("five", "nine", 2)]
    assert scores.deletions == [WordCount("one", 1)]
    assert scores.insertions == [WordCount("five", 1)]
    assert scores.speakers["a"].words == Edits(substitutions=1, said=5)
    assert scores.speakers["b"].words == Edits(deletions=1, insertions=1, said=2)
    assert scores.speakers["b"].strings == Rate(0, 2)
    assert scores.speakers["c"].strings == Rate(1, 2)
    assert scores.resampled == "speakers"


def test_rates_are_jiwers() -> None:
    random = np.random.default_rng(0)
    words = ["zero", "one", "two", "three"]
    truths = [" ".join(random.choice(words, random.integers(1, 6))) for _ in range(40)]
    heard = [" ".join(random.choice(words, random.integers(0, 6))) for _ in range(40)]
    scores = scores_of(*zip(truths, heard, strict=True))
    assert scores.words.ratio.value == pytest.approx(jiwer.wer(truths, heard))
    assert scores.characters.ratio.value == pytest.approx(jiwer.cer(truths, heard))


def test_more_words_than_were_said_make_a_rate_above_one() -> None:
    scores = scores_of(("one", "one two three"), ("one", "one"))
    assert scores.words.ratio.value == 1.0
    assert scores_of(("one", "two three four")).words.ratio.value == 3.0


def test_frequent_mistakes_come_first() -> None:
    scores = scores_of(("a", "b"), ("c", "d"), ("c", "d"), ("x y", "x"), ("y", ""), ("z", ""))
    assert [pair.count for pair in scores.substitutions] == [2, 1]
    assert scores.deletions == [WordCount("y", 2), WordCount("z", 1)]


def test_one_speaker_is_said() -> None:
    scores = scores_of(("a", "a"), ("b", "a"), ("a b", "a b"))
    assert scores.resampled == scores.as_dict()["intervals_resample"] == "utterances"
    assert scores.words.ratio.interval is not None


def test_nothing_said_at_all_has_no_rate() -> None:
    tree = scores_of(("", "a"), ("", ""), speakers="ab").as_dict()
    assert tree["wer"]["value"] is None and tree["speakers"]["a"]["wer"] is None
    assert tree["wer"]["insertions"] == 1
    json.dumps(tree, allow_nan=False)


def test_no_utterances_and_unequal_lists_are_faults() -> None:
    with pytest.raises(DataError, match="no utterances"):
        score_sequences([], [])
    with pytest.raises(DataError, match="1 utterances and 2 speakers"):
        score_sequences([()], ["a", "b"])
