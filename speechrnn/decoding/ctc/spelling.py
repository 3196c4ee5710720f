"""How a sequence of units makes words, read from left to right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

SEPARATOR = " "  # between words, where units are characters


class Spelling(Protocol):
    """Reads units one by one and says where a word ends.

    Attributes:
        separator: The unit between words that belongs to none of them; None where there is none.
        start: The state before the first unit.
    """

    separator: int | None
    start: Any

    def follow(self, state: Any, unit: int) -> Sequence[tuple[str | None, Any]]:
        """Read a unit.

        Returns:
            Each way to go on, none where the unit cannot stand here: the word that ended with the
            unit, None where none did, and the next state.
        """
        ...

    def endings(self, state: Any) -> Sequence[str]:
        """The words that may end here if nothing follows.

        Returns:
            Each alternative, "" for no word under way; none where a word is broken off.
        """
        ...


class EachUnit:
    """Every unit is a word."""

    def __init__(self, symbols: Sequence[str]) -> None:
        """Take the (V,) symbols of the posteriors."""
        self.separator: int | None = None
        self.start: Any = None
        self._ways: list[list[tuple[str | None, Any]]] = [[(symbol, None)] for symbol in symbols]

    def follow(self, state: Any, unit: int) -> Sequence[tuple[str | None, Any]]:
        """The unit itself as a word."""
        return self._ways[unit]

    def endings(self, state: Any) -> Sequence[str]:
        """No word is ever under way."""
        return ("",)


class Letters:
    """Units are characters; words stand between separators. The state is the word so far."""

    def __init__(self, symbols: Sequence[str]) -> None:
        """Take the (V,) symbols of the posteriors, `SEPARATOR` among them."""
        self.separator: int | None = symbols.index(SEPARATOR)
        self.start: Any = ""
        self._symbols = symbols

    def follow(self, state: Any, unit: int) -> Sequence[tuple[str | None, Any]]:
        """A separator ends a word, if one is under way."""
        if unit == self.separator:
            return ((state or None, ""),)
        return ((None, state + self._symbols[unit]),)

    def endings(self, state: Any) -> Sequence[str]:
        """The word so far."""
        return (state,)


def spelling_of(symbols: Sequence[str]) -> Spelling:
    """How units make words without a lexicon: where there is a separator, they are characters."""
    return Letters(symbols) if SEPARATOR in symbols else EachUnit(symbols)
