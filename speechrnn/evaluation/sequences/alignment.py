"""What was said beside what was heard, word by word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from speechrnn.vocabulary import NON_WORDS


class Pair(NamedTuple):
    """A word, or a character, and what it was heard as.

    Attributes:
        truth: What was said; none: nothing, the other was inserted.
        heard: What was heard; none: nothing, the other was deleted.
    """

    truth: str | None
    heard: str | None


@dataclass(frozen=True)
class Edits:
    """What it takes to make the words that were heard of those that were said.

    Attributes:
        substitutions: Words heard as others.
        deletions: Words not heard.
        insertions: Words heard where none was said.
        said: Words said.
    """

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    said: int = 0

    @property
    def total(self) -> int:
        """How many edits."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Edits for each word said, the error rate; may be above 1; none where nothing was said."""
        return self.total / self.said if self.said else None

    def __add__(self, other: Edits) -> Edits:
        return Edits(
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.said + other.said,
        )


def spoken_words(text: str) -> tuple[str, ...]:
    """The words of a text; `_silence_` and `_unknown_` are none."""
    return tuple(word for word in text.split() if word not in NON_WORDS)


def align_words(
    truths: Sequence[Sequence[str]], heard: Sequence[Sequence[str]]
) -> list[tuple[Pair, ...]]:
    """Lay words that were said beside those that were heard, with as few edits as can be.

    Args:
        truths: (N) sequences of words without blanks in them.
        heard: (N) sequences.

    Returns:
        (N) alignments. Where several have as few edits, jiwer chooses.
    """
    from jiwer import process_words

    return _align(truths, heard, process_words, " ")


def align_characters(truths: Sequence[str], heard: Sequence[str]) -> list[tuple[Pair, ...]]:
    """The same for the characters of (N) texts, which neither begin nor end with a blank."""
    from jiwer import process_characters

    return _align(truths, heard, process_characters, "")


def count_edits(alignment: Sequence[Pair]) -> Edits:
    """Count what differs."""
    insertions = sum(pair.truth is None for pair in alignment)
    deletions = sum(pair.heard is None for pair in alignment)
    wrong = sum(pair.truth != pair.heard for pair in alignment)
    return Edits(wrong - insertions - deletions, deletions, insertions, len(alignment) - insertions)


def _align(
    truths: Sequence[Sequence[str]],
    heard: Sequence[Sequence[str]],
    process: Callable[[list[str], list[str]], Any],
    glue: str,
) -> list[tuple[Pair, ...]]:
    """Align with a function of jiwer, which takes sequences glued together as texts."""
    # Where one side is empty, all of the other was deleted or inserted; not every jiwer says so.
    found = [tuple(_pairs(*both)) for both in zip(truths, heard, strict=True)]
    filled = [i for i in range(len(found)) if truths[i] and heard[i]]
    if filled:
        output = process(
            [glue.join(truths[i]) for i in filled], [glue.join(heard[i]) for i in filled]
        )
        for i, chunks in zip(filled, output.alignments, strict=True):
            found[i] = tuple(
                pair
                for chunk in chunks
                for pair in _pairs(
                    truths[i][chunk.ref_start_idx : chunk.ref_end_idx],
                    heard[i][chunk.hyp_start_idx : chunk.hyp_end_idx],
                )
            )
    return found


def _pairs(truths: Sequence[str], heard: Sequence[str]) -> list[Pair]:
    """Pairs of as many words on either side, or of none on one."""
    return [Pair(truth, other) for truth, other in zip_longest(truths, heard)]
