"""What may be said, as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from speechrnn.errors import DataError


class Place(NamedTuple):
    """Where in a file something stands, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Terminal:
    """A word."""

    word: str
    place: Place = field(compare=False)


@dataclass(frozen=True)
class Phrase:
    """One part after the other."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Choice:
    """One of several options."""

    options: tuple[Expression, ...]


@dataclass(frozen=True)
class Repeat:
    """So many times, optional parts being 0 to 1; without a limit where `most` is None."""

    body: Expression
    least: int
    most: int | None
    place: Place = field(compare=False)


@dataclass(frozen=True)
class Reference:
    """What a rule allows; with `slot`, the slot of that name is filled."""

    rule: str
    slot: bool
    place: Place = field(compare=False)


@dataclass(frozen=True)
class Value:
    """Says something, but stands for `value` in a slot."""

    value: str
    body: Expression


Expression: TypeAlias = Terminal | Phrase | Choice | Repeat | Reference | Value


@dataclass(frozen=True)
class Grammar:
    """A checked grammar.

    Attributes:
        name: Of the file, for errors.
        intents: What may be said, by intent, in the order of the file.
        rules: What they refer to.
    """

    name: str
    intents: dict[str, Expression]
    rules: dict[str, Expression]

    @property
    def words(self) -> dict[str, Place]:
        """The words of all sentences, and where each stands first."""
        places: dict[str, Place] = {}
        trees = [*self.intents.values()]
        followed: set[str] = set()
        for tree in trees:  # grows meanwhile
            for part in walk(tree):
                if isinstance(part, Terminal):
                    places.setdefault(part.word, part.place)
                elif isinstance(part, Reference) and part.rule not in followed:
                    followed.add(part.rule)
                    trees.append(self.rules[part.rule])
        return places


def walk(expression: Expression) -> Iterator[Expression]:
    """An expression and all in it, references not followed."""
    yield expression
    if isinstance(expression, Phrase | Choice):
        for part in expression.parts if isinstance(expression, Phrase) else expression.options:
            yield from walk(part)
    elif isinstance(expression, Repeat | Value):
        yield from walk(expression.body)


def fault(grammar: str, place: Place, message: str) -> DataError:
    """An error at a place in a grammar."""
    return DataError(f"{grammar}:{place.line}:{place.column}: {message}")
