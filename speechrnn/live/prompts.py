"""What a person is asked to say, and in which order."""

from __future__ import annotations

import random
from collections.abc import Sequence

from speechrnn.errors import ConfigError
from speechrnn.vocabulary import NON_WORDS


def checked_words(words: Sequence[str]) -> list[str]:
    """Words and phrases with single blanks, in their order.

    Raises:
        ConfigError: None, an empty one, one twice, or a label that stands for no word.
    """
    cleaned = [" ".join(word.split()) for word in words]
    for word in cleaned:
        if not word:
            raise ConfigError("a word to record is empty; quote phrases: 'lights on'")
        if word in NON_WORDS:
            raise ConfigError(f"{word!r} is no word to say; record other words by their own names")
        if cleaned.count(word) > 1:
            raise ConfigError(f"{word!r} is named twice; leave one out")
    return cleaned


def shuffled(words: Sequence[str], takes: int, random: random.Random) -> list[str]:
    """Each word `takes` times, in rounds of all words, none twice running."""
    prompts: list[str] = []
    for _ in range(takes):
        turn = random.sample(words, len(words))
        if prompts and turn[0] == prompts[-1]:
            turn.append(turn.pop(0))
        prompts += turn
    return prompts
