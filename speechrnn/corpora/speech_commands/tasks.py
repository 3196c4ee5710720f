"""The words of the corpus, and the tasks that the field makes of them."""

from __future__ import annotations

from dataclasses import dataclass

from speechrnn.errors import DataError

COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_OTHERS = ("bed", "bird", "cat", "dog", "happy", "house", "marvin", "sheila", "tree", "wow")
WORDS_V1 = COMMANDS + _DIGITS + _OTHERS
WORDS_V2 = (*WORDS_V1, "backward", "follow", "forward", "learn", "visual")


@dataclass(frozen=True)
class Task:
    """What is told apart.

    Attributes:
        name: Such as "12 classes"; figures of different tasks cannot be compared.
        words: A class each.
        rejects: Whether all other words are a class (`_unknown_`), and noise another
            (`_silence_`); else only `words` count.
    """

    name: str
    words: tuple[str, ...]
    rejects: bool


TASKS = {
    "12": Task("12 classes", COMMANDS, rejects=True),
    "30": Task("30 words", WORDS_V1, rejects=False),
    "35": Task("35 words", WORDS_V2, rejects=False),
}


def task_of_words(words: str) -> Task:
    """A choice of words, separated by commas, against all the others.

    Raises:
        DataError: No word, or one twice.
    """
    chosen = tuple(word.strip() for word in words.split(","))
    twice = sorted({word for word in chosen if chosen.count(word) > 1})
    if "" in chosen or twice:
        fault = f"{twice[0]!r} is listed twice" if twice else "a word is empty"
        raise DataError(f"--words: {fault}; give words such as yes,no,stop")
    return Task(f"{', '.join(chosen)} against all other words", chosen, rejects=True)
