"""Short phrases of common words, in which no keyword is said, not even across words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, combinations

import numpy as np

from speechrnn.corpora.tts.negatives import Phonemes, plain
from speechrnn.edits import edit_distance

_LENGTHS = (2, 2, 3)
_A_WORD = 2  # phrases for each word, so that about 60% of what is drawn are phrases
_LEAST_CHANGE = 0.3  # share of the phonemes in which words in a row differ from a keyword
_ATTEMPTS = 10  # for a phrase


def draw_phrases(
    words: Sequence[str],
    keywords: Sequence[str],
    spoken: Mapping[str, Sequence[Phonemes]],
    generator: np.random.Generator,
) -> dict[str, float]:
    """Put words together at random, twice as many phrases as words where they suffice.

    Args:
        words: What to make phrases of; what holds a space is passed over.
        keywords: What must not be said in them.
        spoken: Phonemes of words and keywords, one entry an accent.
        generator: Source of all randomness.

    Returns:
        For each phrase the share of its phonemes that must change to make it a keyword.
    """
    single = [word for word in words if " " not in word]
    keys = [list(map(plain, spoken[keyword])) for keyword in keywords]
    plain_of = {word: list(map(plain, spoken[word])) for word in single}
    phrases: dict[str, float] = {}
    for _ in range(_ATTEMPTS * _A_WORD * len(single)):
        if len(phrases) == _A_WORD * len(single):
            break
        said = [single[i] for i in generator.integers(len(single), size=generator.choice(_LENGTHS))]
        pairs = [
            (heard, heard_key)
            for key in keys
            for *heard, heard_key in zip(*(plain_of[word] for word in said), key, strict=True)
        ]
        if not any(says(heard, key) for heard, key in pairs):
            phrases[" ".join(said)] = min(_change(sum(heard, ()), key) for heard, key in pairs)
    return phrases


def says(heard: Sequence[tuple[str, ...]], key: tuple[str, ...]) -> bool:
    """Whether a keyword is heard in a phrase: as words of it, nearly, or across a word's end.

    Args:
        heard: Plain phonemes of each word.
        key: Those of the keyword.
    """
    runs = [sum(heard[i:j], ()) for i, j in combinations(range(len(heard) + 1), 2)]
    if any(_change(run, key) < _LEAST_CHANGE for run in runs):
        return True
    whole: tuple[str, ...] = sum(heard, ())
    ends = list(accumulate(map(len, heard)))[:-1]
    return any(
        whole[first : first + len(key)] == key
        for first in range(len(whole) - len(key) + 1)
        if any(first < end < first + len(key) for end in ends)
    )


def _change(left: tuple[str, ...], right: tuple[str, ...]) -> float:
    return edit_distance(left, right) / max(len(left), len(right), 1)
