"""What a decoder finds: words with their frames, and how likely they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LEAST = -1000.0  # a posterior of 0 counts as this log-probability: sums of it stay numbers


@dataclass(slots=True)
class Segment:
    """The frames of one unit in an alignment.

    Attributes:
        unit: Id of the symbol.
        start_frame: First frame.
        end_frame: One past the last.
        before: Log-probability of the alignment up to the first frame.
        after: The same including the last.
    """

    unit: int
    start_frame: int
    end_frame: int
    before: float
    after: float


@dataclass(frozen=True)
class Word:
    """A word and where it lies.

    Attributes:
        text: As written.
        start_frame: First frame of its first unit.
        end_frame: One past the last frame of its last unit. CTC lets a unit be short: a word is
            heard around these frames, not only in them.
        confidence: Geometric mean, over these frames, of the posterior of what is aligned with
            each, a unit of the word or a blank between two. Not calibrated.
    """

    text: str
    start_frame: int
    end_frame: int
    confidence: float


@dataclass(frozen=True)
class Hypothesis:
    """A sequence of words.

    Attributes:
        words: In order.
        score: Natural log of how likely it is; whoever makes the hypothesis says what of.
    """

    words: tuple[Word, ...]
    score: float

    @property
    def text(self) -> str:
        """The words with blanks between."""
        return " ".join(word.text for word in self.words)


def word_of(text: str, segments: Sequence[Segment]) -> Word:
    """The word that one or more segments make."""
    start, end = segments[0].start_frame, segments[-1].end_frame
    mean = (segments[-1].after - segments[0].before) / (end - start)
    return Word(text, start, end, math.exp(min(0.0, mean)))


def join(
    read: Iterable[tuple[Segment, str | None]], separator: int | None
) -> tuple[list[Word], list[Segment]]:
    """Words of segments that have been read.

    Args:
        read: Segments, each with the word that ended with it, if one did.
        separator: The unit that belongs to no word; None where there is none.

    Returns:
        words: Those that ended.
        rest: The segments of a word under way.
    """
    words: list[Word] = []
    rest: list[Segment] = []
    for segment, word in read:
        if segment.unit != separator:
            rest.append(segment)
        if word is not None:
            words.append(word_of(word, rest))
            rest = []
    return words, rest
