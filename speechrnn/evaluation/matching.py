"""Which of the words that fired were said, and which said words were missed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from speechrnn.evaluation.hearing import Heard
from speechrnn.evaluation.strung import Placed

TOLERANCE_S = 0.75  # a word may fire so long after its sound


@dataclass(frozen=True)
class Matches:
    """Words said against words that fired.

    Attributes:
        hits: Said words with what fired for them.
        missed: Said words for which nothing fired.
        wrong: Said words with another word that fired meanwhile.
        extra: What fired besides: a word again, or where nothing was said.
    """

    hits: list[tuple[Placed, Heard]]
    missed: list[Placed]
    wrong: list[tuple[Placed, Heard]]
    extra: list[Heard]

    @property
    def delays_s(self) -> list[float]:
        """For each hit, how much was heard between the end of its sound and the report."""
        return [heard.emitted_s - placed.sound_end_s for placed, heard in self.hits]


def match(said: Sequence[Placed], fired: Sequence[Heard]) -> Matches:
    """Match what was said with what fired.

    A word that fired belongs to a said one if it was reported after the sound of that began, for a
    frame at most 0.75 s after the sound's end. Each said word is hit once, by the first that fits.

    Args:
        said: Single words in order of time, none inside another.
        fired: In order of time.
    """
    hit_by: dict[int, Heard] = {}
    wrong, extra = [], []
    starts_s = [placed.sound_start_s for placed in said]
    ends_s = [placed.sound_end_s for placed in said]
    for heard in fired:
        near = range(
            bisect_left(ends_s, heard.time_s - TOLERANCE_S), bisect_right(starts_s, heard.emitted_s)
        )
        same = [i for i in near if said[i].utterance.text == heard.word]
        free = [i for i in same if i not in hit_by]
        if free:
            hit_by[free[0]] = heard
        elif near and not same:
            wrong.append((said[near[-1]], heard))
        else:
            extra.append(heard)
    return Matches(
        [(said[i], heard) for i, heard in sorted(hit_by.items())],
        [placed for i, placed in enumerate(said) if i not in hit_by],
        wrong,
        extra,
    )
