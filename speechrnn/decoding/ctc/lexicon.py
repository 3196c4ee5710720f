"""Which units a word consists of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from speechrnn.decoding.ctc.spelling import SEPARATOR
from speechrnn.errors import DataError
from speechrnn.vocabulary import BLANK


class Lexicon:
    """Words and how they are made of units.

    Attributes:
        pronunciations: Of each word, one or more sequences of ids.
    """

    def __init__(self, pronunciations: Mapping[str, Sequence[tuple[int, ...]]]) -> None:
        """Take the pronunciations, none of them empty, no word without one."""
        self.pronunciations = {word: tuple(ways) for word, ways in pronunciations.items()}

    @classmethod
    def of_words(cls, words: Iterable[str], symbols: Sequence[str]) -> Lexicon:
        """Words that are units themselves or, where the symbols have a separator, are spelt.

        Raises:
            DataError: A word cannot be written in these symbols.
        """
        return cls({word: (spell(word, symbols),) for word in words})


def spell(word: str, symbols: Sequence[str]) -> tuple[int, ...]:
    """The ids of a word that is a unit itself or, where the symbols have a separator, is spelt.

    Raises:
        DataError: The word cannot be written in these symbols.
    """
    units = tuple(word) if SEPARATOR in symbols else (word,)
    for unit in units or ("",):
        if unit in ("", BLANK, SEPARATOR) or unit not in symbols:
            part = "" if unit == word else f"{unit!r} in "
            raise DataError(f"no {part}{word!r} for this model; it knows {_known(symbols)}")
    return tuple(symbols.index(unit) for unit in units)


def read_pronunciations(path: str | Path) -> dict[str, list[tuple[str, ...]]]:
    """Read a lexicon as Kaldi has it: a word and its units a line, a line each pronunciation.

    Args:
        path: A file of UTF-8 text.

    Raises:
        DataError: Unreadable or empty, a word without units, or a line twice.
    """
    lines: dict[tuple[str, ...], int] = {}
    ways: dict[str, list[tuple[str, ...]]] = {}
    for number, line in enumerate(read_lines(path), 1):
        word, *units = line.split() or [""]
        if not word:
            continue
        where = f"{path}:{number}"
        if not units:
            raise DataError(f"{where}: {word} has no units; expected 'word unit unit ...'")
        first = lines.setdefault((word, *units), number)
        if first != number:
            raise DataError(f"{where}: {line.strip()} stands already in line {first}; keep one")
        ways.setdefault(word, []).append(tuple(units))
    if not ways:
        raise DataError(f"{path}: holds no words; expected 'word unit unit ...' a line")
    return ways


def lexicon_of(
    pronunciations: Mapping[str, Sequence[Sequence[str]]], symbols: Sequence[str], name: str
) -> Lexicon:
    """Words spelt in the symbols of a model.

    Args:
        pronunciations: Units of each word.
        symbols: (V,) symbols of the posteriors.
        name: Where the pronunciations come from, for errors.

    Raises:
        DataError: A unit that the model does not have.
    """
    ids = {symbol: i for i, symbol in enumerate(symbols) if symbol not in (BLANK, SEPARATOR)}
    for word, ways in pronunciations.items():
        for unit in (unit for way in ways for unit in way):
            if unit not in ids:
                raise DataError(
                    f"{name}: {word} has the unit {unit!r}; the model knows {_known(symbols)}"
                )
    return Lexicon(
        {
            word: [tuple(ids[unit] for unit in way) for way in ways]
            for word, ways in pronunciations.items()
        }
    )


def read_lexicon(path: str | Path, symbols: Sequence[str]) -> Lexicon:
    """Read a lexicon, see `read_pronunciations`, for the (V,) symbols of a model.

    Raises:
        DataError: As there, or a unit that the model does not have.
    """
    return lexicon_of(read_pronunciations(path), symbols, str(path))


def read_lines(path: str | Path) -> list[str]:
    """The lines of a UTF-8 text file.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    except OSError as fault:
        raise DataError(f"{path}: cannot be read ({fault.strerror})") from None


class _Node:
    """A place in a trie: what may follow, and the words whose units end here."""

    __slots__ = ("next", "ways", "words")

    def __init__(self) -> None:
        self.next: dict[int, _Node] = {}
        self.words: list[str] = []
        self.ways: dict[int, list[tuple[str | None, _Node]]] = {}


class Trie:
    """A `Spelling` that lets only the words of a lexicon come out.

    With a separator a word ends at it; without one, wherever its units are complete: whether it
    does, or is the beginning of a longer word, are two ways to go on.
    """

    def __init__(self, lexicon: Lexicon, symbols: Sequence[str]) -> None:
        """Take the words, and the (V,) symbols of the posteriors."""
        self.separator = symbols.index(SEPARATOR) if SEPARATOR in symbols else None
        self.start: Any = _Node()
        nodes = [self.start]
        for word, pronunciations in lexicon.pronunciations.items():
            for units in pronunciations:
                node = self.start
                for unit in units:
                    if unit not in node.next:
                        node.next[unit] = _Node()
                        nodes.append(node.next[unit])
                    node = node.next[unit]
                node.words.append(word)
        for node in nodes:
            for unit, child in node.next.items():
                node.ways[unit] = [(None, child)] if child.next or self.separator else []
                if self.separator is None:
                    node.ways[unit] += [(word, self.start) for word in child.words]
            if self.separator is not None and node.words:
                node.ways[self.separator] = [(word, self.start) for word in node.words]
        if self.separator is not None:
            self.start.ways[self.separator] = [(None, self.start)]

    def follow(self, state: Any, unit: int) -> Sequence[tuple[str | None, Any]]:
        """On in the trie, or back to its root."""
        return state.ways.get(unit, ())

    def endings(self, state: Any) -> Sequence[str]:
        """Words that are complete but for a separator."""
        if state is self.start:
            return ("",)
        return () if self.separator is None else state.words


def _known(symbols: Sequence[str]) -> str:
    shown = [symbol for symbol in symbols if symbol not in (BLANK, SEPARATOR)]
    return " ".join(shown[:40]) + " ..." * (len(shown) > 40)
