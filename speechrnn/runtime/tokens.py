"""What a recurrent language model reads and foretells: words or characters, as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from speechrnn.decoding.ctc.lexicon import read_lines
from speechrnn.errors import DataError

BOUNDARY = "<s>"
UNKNOWN = "<unk>"
SPACE = " "  # between words, where tokens are characters

BOUNDARY_ID = 0
UNKNOWN_ID = 1


class Tokens:
    """The tokens of a language model; a token's id is its place.

    The first, `<s>`, begins a sentence where it is read, and ends it where it is foretold. The
    second, `<unk>`, stands for whatever is not among them. Neither can be written in a text.

    Attributes:
        units: words or characters.
        symbols: (V,) all tokens.
    """

    def __init__(self, units: str, symbols: Sequence[str]) -> None:
        """Take the tokens, the two special ones first.

        Raises:
            ValueError: They are not, or the units are unknown, or a token stands there twice.
        """
        if units not in ("words", "characters"):
            raise ValueError(f"units {units}")
        if tuple(symbols[:2]) != (BOUNDARY, UNKNOWN) or len(set(symbols)) != len(symbols):
            raise ValueError(f"tokens do not begin with {BOUNDARY} and {UNKNOWN}, or repeat")
        self.units = units
        self.symbols = tuple(symbols)
        self._ids = {symbol: i for i, symbol in enumerate(symbols) if i > UNKNOWN_ID}

    @classmethod
    def of_sentences(
        cls, units: str, sentences: Iterable[Sequence[str]], least_count: int
    ) -> Tokens:
        """The tokens of a text that occur so often, sorted; the others are unknown.

        Args:
            units: words or characters.
            sentences: The words of each.
            least_count: How often a token must occur.
        """
        counts: Counter[str] = Counter()
        for words in sentences:
            counts.update(words if units == "words" else SPACE.join(words))
        known = {token for token, count in counts.items() if count >= least_count}
        return cls(units, (BOUNDARY, UNKNOWN, *sorted(known - {BOUNDARY, UNKNOWN})))

    def __len__(self) -> int:
        return len(self.symbols)

    def ids(self, word: str, first: bool) -> list[int]:
        """What a word adds to a sentence.

        Args:
            word: The word.
            first: Whether it begins the sentence.
        """
        if self.units == "words":
            return [self._ids.get(word, UNKNOWN_ID)]
        letters = word if first else SPACE + word
        return [self._ids.get(letter, UNKNOWN_ID) for letter in letters]

    def sentence(self, words: Sequence[str]) -> list[int]:
        """The ids of a whole sentence, without its boundaries."""
        return [i for place, word in enumerate(words) for i in self.ids(word, place == 0)]

    def knows(self, word: str) -> bool:
        """Whether nothing of a word is unknown."""
        return UNKNOWN_ID not in self.ids(word, True)

    def text(self, ids: Iterable[int]) -> str:
        """What ids spell."""
        between = SPACE if self.units == "words" else ""
        return between.join(self.symbols[i] for i in ids)


def read_sentences(path: str | Path) -> list[list[str]]:
    """Read a text, a sentence a line; empty lines are left out.

    Args:
        path: A file of UTF-8 text.

    Returns:
        The words of each sentence.

    Raises:
        DataError: Unreadable, or no sentence in it.
    """
    sentences = [words for line in read_lines(path) if (words := line.split())]
    if not sentences:
        raise DataError(f"{path}: holds no sentences; expected one a line")
    return sentences
