"""The word list that a user gives: checked before anything is spoken."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from speechrnn.errors import DataError
from speechrnn.vocabulary import NON_WORDS


def check_words(words: Iterable[str]) -> list[str]:
    """The words and phrases to recognise, white space tidied, in the order given.

    Raises:
        DataError: None at all, one given twice (case and white space don't count), reserved, or
            without anything that English voices can read.
    """
    tidy = [" ".join(word.split()) for word in words]
    tidy = [word for word in tidy if word]
    if not tidy:
        raise DataError('--words: no words; give a list such as "yes,no,lights on"')
    seen: dict[str, str] = {}
    for word in tidy:
        if word.casefold() in seen:
            raise DataError(f"--words: {word!r} repeats {seen[word.casefold()]!r}; give each once")
        seen[word.casefold()] = word
        _check(word)
    return tidy


def _check(word: str) -> None:
    if word.casefold() in NON_WORDS:
        raise DataError(f"--words: {word!r} is a class of its own already; leave it out")
    if not any(character.isalnum() for character in word):
        raise DataError(f"--words: {word!r} has no letter or digit to speak; spell it as spoken")
    for character in word:
        if character.isalpha() and not unicodedata.name(character, "").startswith("LATIN"):
            raise DataError(
                f"--words: {word!r}: the English voices cannot read {character!r}; "
                "spell it in Latin letters as an English reader would say it"
            )
