"""Labels and symbols to numbers and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from speechrnn.errors import DataError

BLANK = "<blk>"
SILENCE = "_silence_"
UNKNOWN = "_unknown_"
NON_WORDS = (SILENCE, UNKNOWN)


class Vocabulary:
    """An ordered list of distinct symbols; a symbol's id is its place in the list.

    A CTC vocabulary starts with `BLANK`, so that the blank's id is 0. `SILENCE` and `UNKNOWN` are
    classes that a recogniser may decide for but never reports as a word.
    """

    def __init__(self, symbols: Iterable[str]) -> None:
        self.symbols = tuple(symbols)
        self._ids = {symbol: i for i, symbol in enumerate(self.symbols)}
        if len(self._ids) != len(self.symbols):
            twice = sorted({s for s in self.symbols if self.symbols.count(s) > 1})
            raise DataError(f"vocabulary: {', '.join(twice)} listed twice; list each once")

    @classmethod
    def of_words(cls, words: Iterable[str]) -> Vocabulary:
        """Sorted distinct words, with `_silence_` and `_unknown_` last where they occur."""
        return cls(sorted(set(words), key=lambda word: (word in NON_WORDS, word)))

    def keywords(self) -> Vocabulary:
        """`BLANK` and the words, classes that are no words left out: what a frame may hold."""
        return Vocabulary([BLANK, *(symbol for symbol in self if symbol not in NON_WORDS)])

    def __len__(self) -> int:
        return len(self.symbols)

    def __iter__(self) -> Iterator[str]:
        return iter(self.symbols)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._ids

    def id(self, symbol: str) -> int:
        """The id of `symbol`.

        Raises:
            DataError: The symbol is not in the vocabulary.
        """
        try:
            return self._ids[symbol]
        except KeyError:
            known = ", ".join(self.symbols[:20])
            raise DataError(f"vocabulary: no {symbol!r}; it knows {known}") from None

    def class_id(self, text: str) -> int:
        """The id of `text`, or that of `_unknown_` where the vocabulary has one.

        Raises:
            DataError: Neither `text` nor `_unknown_` is in the vocabulary.
        """
        return self._ids[UNKNOWN] if text not in self and UNKNOWN in self else self.id(text)

    def symbol(self, index: int) -> str:
        """The symbol whose id is `index`."""
        return self.symbols[index]
