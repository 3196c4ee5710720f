"""What a recogniser of sequences reads in a list of utterances."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from speechrnn.datadir import Utterance, load_wave
from speechrnn.decoding.ctc.hypothesis import Hypothesis, Word
from speechrnn.errors import AudioError
from speechrnn.evaluation.sequences.alignment import Pair, align_words, spoken_words
from speechrnn.evaluation.sequences.scores import SequenceScores, score_sequences
from speechrnn.vocabulary import NON_WORDS


@dataclass(frozen=True)
class Reading:
    """What was heard in one utterance.

    Attributes:
        utterance: With what was said.
        hypothesis: What was heard.
    """

    utterance: Utterance
    hypothesis: Hypothesis

    @property
    def heard(self) -> tuple[Word, ...]:
        """The words heard; `_silence_` and `_unknown_` are none."""
        return tuple(word for word in self.hypothesis.words if word.text not in NON_WORDS)


def readings(
    utterances: Sequence[Utterance], sample_rate_hz: int, read: Callable[[np.ndarray], Hypothesis]
) -> Iterator[Reading | AudioError]:
    """Hear utterances one by one.

    Args:
        utterances: What to hear.
        sample_rate_hz: The recogniser's.
        read: Hears a (S,) float32 wave.

    Returns:
        For each utterance what was heard, or why it cannot be read.
    """
    for utterance in utterances:
        try:
            wave = load_wave(utterance, sample_rate_hz)
        except AudioError as fault:
            yield fault
            continue
        yield Reading(utterance, read(wave))


@dataclass(frozen=True)
class SequenceTrial:
    """Utterances that were read.

    Attributes:
        readings: (N) of them.
    """

    readings: Sequence[Reading]

    @property
    def speakers(self) -> list[str]:
        """(N) who spoke."""
        return [reading.utterance.speaker for reading in self.readings]

    @cached_property
    def alignments(self) -> list[tuple[Pair, ...]]:
        """(N) words said beside words heard."""
        return align_words(
            [spoken_words(reading.utterance.text) for reading in self.readings],
            [[word.text for word in reading.heard] for reading in self.readings],
        )

    @cached_property
    def scores(self) -> SequenceScores:
        """Figures over all of them.

        Raises:
            DataError: There are none.
        """
        return score_sequences(self.alignments, self.speakers)
