"""What a recogniser of sequences reads in a list of utterances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from speechrnn.datadir import Utterance
from speechrnn.decoding.ctc.hypothesis import Hypothesis, Word
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.decoding.grammar.result import Parse, Rejected
from speechrnn.evaluation.sequences.alignment import Pair, align_words, spoken_words
from speechrnn.evaluation.sequences.hearing import SequenceHearing
from speechrnn.evaluation.sequences.scores import SequenceScores, score_sequences
from speechrnn.runtime.sequences import Decoder, decode
from speechrnn.vocabulary import NON_WORDS


@dataclass(frozen=True)
class Reading:
    """What was read in one utterance.

    Attributes:
        utterance: With what was said.
        hypothesis: What was read; with a grammar the words of all its sentences.
        stretches: With a grammar what was found between pauses: sentences and other speech.
        duration_s: Length of the utterance.
    """

    utterance: Utterance
    hypothesis: Hypothesis
    stretches: tuple[Parse | Rejected, ...] = ()
    duration_s: float = 0.0

    @property
    def heard(self) -> tuple[Word, ...]:
        """The words heard; `_silence_` and `_unknown_` are none."""
        return tuple(word for word in self.hypothesis.words if word.text not in NON_WORDS)


def read_hearing(hearing: SequenceHearing, decoder: Decoder | GrammarDecoder) -> Reading:
    """Read an utterance.

    Args:
        hearing: The utterance as a model heard it.
        decoder: At its beginning; it is left there.
    """
    found = decode(hearing.frames, decoder)
    hypotheses = [its for its in found if isinstance(its, Hypothesis)]
    if not isinstance(decoder, GrammarDecoder):
        return Reading(hearing.utterance, hypotheses[0], (), hearing.duration_s)
    words = tuple(word for sentence in hypotheses for word in sentence.words)
    score = sum(sentence.score for sentence in hypotheses)
    stretches = tuple(its for its in found if isinstance(its, Parse | Rejected))
    return Reading(hearing.utterance, Hypothesis(words, score), stretches, hearing.duration_s)


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
