"""Word, character and sentence errors, with intervals, by speaker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from operator import add
from typing import Any

from speechrnn.errors import DataError
from speechrnn.evaluation.bootstrap import Bootstrap, Ratio
from speechrnn.evaluation.metrics import Confusion, Rate
from speechrnn.evaluation.sequences.alignment import Edits, Pair, align_characters, count_edits

_BLANK = " "  # between words counts as a character


@dataclass(frozen=True)
class WordCount:
    """How often something happened to a word."""

    word: str
    count: int


@dataclass(frozen=True)
class ErrorRate:
    """Edits for each word or character said.

    Attributes:
        edits: What it takes to make what was heard of what was said.
        ratio: The error rate with its interval.
    """

    edits: Edits
    ratio: Ratio

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**self.ratio.as_dict(), **asdict(self.edits)}


@dataclass(frozen=True)
class SpeakerScores:
    """How a recogniser did on the utterances of one speaker.

    Attributes:
        words: Word edits.
        strings: Utterances heard without a mistake.
    """

    words: Edits
    strings: Rate

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "wer": self.words.rate,
            **asdict(self.words),
            "string_accuracy": self.strings.as_dict(),
        }


@dataclass(frozen=True)
class SequenceScores:
    """How a recogniser did on a list of utterances.

    Attributes:
        words: Word errors; their rate is the WER.
        characters: Character errors, blanks between words included; their rate is the CER.
        sentences: Share of the utterances with a mistake: the sentence error rate.
        speakers: By speaker.
        substitutions: Words heard as others, the most frequent first.
        deletions: Words not heard, the most frequent first.
        insertions: Words heard where none was said, the most frequent first.
        resampled: What was drawn for the intervals, "speakers" or "utterances".
    """

    words: ErrorRate
    characters: ErrorRate
    sentences: Ratio
    speakers: dict[str, SpeakerScores]
    substitutions: list[Confusion]
    deletions: list[WordCount]
    insertions: list[WordCount]
    resampled: str

    @property
    def num_utterances(self) -> int:
        """How many were scored."""
        return round(self.sentences.whole)

    @property
    def strings(self) -> Rate:
        """Utterances heard without a mistake."""
        return Rate(round(self.sentences.whole - self.sentences.part), self.num_utterances)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "wer": self.words.as_dict(),
            "cer": self.characters.as_dict(),
            "sentence_error": self.sentences.as_dict(),
            "string_accuracy": self.strings.share,
            "intervals_resample": self.resampled,
            "speakers": {name: its.as_dict() for name, its in self.speakers.items()},
            "substitutions": [asdict(pair) for pair in self.substitutions],
            "deletions": [asdict(count) for count in self.deletions],
            "insertions": [asdict(count) for count in self.insertions],
        }


def score_sequences(
    alignments: Sequence[Sequence[Pair]], speakers: Sequence[str]
) -> SequenceScores:
    """Count what was misread.

    Args:
        alignments: (N) utterances, words said beside words heard.
        speakers: (N) who spoke.

    Raises:
        DataError: Nothing to score, or lists of different length.
    """
    if not alignments:
        raise DataError("evaluation: no utterances to score; give a data directory with some")
    if len(alignments) != len(speakers):
        raise DataError(
            f"evaluation: {len(alignments)} utterances and {len(speakers)} speakers; "
            "expected as many of each"
        )
    bootstrap = Bootstrap(speakers, range(len(speakers)))
    words = [count_edits(alignment) for alignment in alignments]
    letters = [count_edits(alignment) for alignment in _in_characters(alignments)]
    wrong = [float(edits.total > 0) for edits in words]
    pairs = [pair for alignment in alignments for pair in alignment]
    return SequenceScores(
        words=_error_rate(words, bootstrap),
        characters=_error_rate(letters, bootstrap),
        sentences=bootstrap.ratio(wrong, [1.0] * len(wrong)),
        speakers=_by_speaker(words, speakers),
        substitutions=_confusions(pairs),
        deletions=_word_counts(pair.truth for pair in pairs if pair.heard is None),
        insertions=_word_counts(pair.heard for pair in pairs if pair.truth is None),
        resampled=bootstrap.unit,
    )


def _in_characters(alignments: Sequence[Sequence[Pair]]) -> list[tuple[Pair, ...]]:
    return align_characters(
        [_BLANK.join(pair.truth for pair in alignment if pair.truth) for alignment in alignments],
        [_BLANK.join(pair.heard for pair in alignment if pair.heard) for alignment in alignments],
    )


def _error_rate(edits: Sequence[Edits], bootstrap: Bootstrap) -> ErrorRate:
    ratio = bootstrap.ratio([its.total for its in edits], [its.said for its in edits])
    return ErrorRate(reduce(add, edits), ratio)


def _by_speaker(words: Sequence[Edits], speakers: Sequence[str]) -> dict[str, SpeakerScores]:
    own: dict[str, list[Edits]] = {name: [] for name in sorted(set(speakers))}
    for edits, speaker in zip(words, speakers, strict=True):
        own[speaker].append(edits)
    return {
        name: SpeakerScores(reduce(add, its), Rate(sum(not e.total for e in its), len(its)))
        for name, its in own.items()
    }


def _confusions(pairs: Iterable[Pair]) -> list[Confusion]:
    wrong = Counter(pair for pair in pairs if pair.truth != pair.heard)
    return [
        Confusion(truth, heard, count)
        for (truth, heard), count in wrong.most_common()
        if truth is not None and heard is not None
    ]


def _word_counts(words: Iterable[str | None]) -> list[WordCount]:
    return [WordCount(word, count) for word, count in Counter(words).most_common() if word]
