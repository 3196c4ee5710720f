"""From a line of a grammar to trees."""

from __future__ import annotations

import itertools
import math
import re
from typing import NamedTuple

from speechrnn.decoding.grammar.expression import (
    Choice,
    Expression,
    Phrase,
    Place,
    Reference,
    Repeat,
    Terminal,
    Value,
    fault,
)
from speechrnn.errors import DataError

NAME = re.compile(r"[^\W\d][\w-]*")  # of an intent, a rule, a slot
_COUNT = re.compile(r"\{(\d{1,6})(?:,(\d{1,6}))?\}")
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<count>[+*]|\{\d[^{}\s]*\})|(?P<name>\{[^{}]*\}|<[^<>]*>)"
    r"|(?P<mark>[()\[\]|=])|(?P<text>[^\s()\[\]{}<>|=+*]+)|(?P<stray>.)"
)
_VALUE = re.compile(r"([^|()\[\]{}<>=]*)=")
_CLOSING = {"(": ")", "[": "]"}
_DEEPEST = 10  # brackets within each other
_MOST_SPELLINGS = 100  # of one word with endings


class _Token(NamedTuple):
    kind: str
    text: str
    column: int  # from 0
    joined: bool  # no space before it


class _Bracket(NamedTuple):
    """What stands in round or square brackets."""

    optional: bool
    options: list[Expression]
    place: Place


class Line:
    """The alternatives on one line, by recursive descent."""

    def __init__(self, grammar: str, number: int, line: str, start: int, values: bool) -> None:
        """Find the tokens of a line.

        Args:
            grammar: Name of the grammar, for errors.
            number: Of the line, from 1.
            line: Its text, without a comment.
            start: Where the alternatives begin, from 0.
            values: Whether they may have values.
        """
        self._grammar = grammar
        self._number = number
        self._line = line
        self._values = values
        self._depth = 0
        self._at = 0
        self._tokens: list[_Token] = []
        spaced = True
        for match in _TOKEN.finditer(line, start):
            kind = str(match.lastgroup)
            if kind != "space":
                self._tokens.append(_Token(kind, match[0], match.start(), not spaced))
            spaced = kind == "space"
        self._tokens.append(_Token("end", "", len(line), False))

    def options(self) -> list[Expression]:
        """All alternatives, to the end of the line.

        Raises:
            DataError: They are not written as they must be.
        """
        found = self._options("")
        token = self._tokens[self._at]
        if token.kind != "end":
            raise self._stray(token)
        return found

    def _options(self, opened: str) -> list[Expression]:
        found = [self._option(opened)]
        while self._tokens[self._at].text == "|":
            self._at += 1
            found.append(self._option(opened))
        return found

    def _option(self, opened: str) -> Expression:
        if not opened and (match := _VALUE.match(self._line, self._tokens[self._at].column)):
            return self._value(match)
        parts: list[Expression] = []
        while (token := self._tokens[self._at]).kind != "end" and token.text not in ("|", ")", "]"):
            parts.append(self._counted())
        if not parts:
            if not opened and token.text in (")", "]"):
                raise self._stray(token)
            if "|" in (token.text, self._tokens[self._at - 1].text):
                message = (
                    "an empty alternative; remove its '|', or write [...] for an optional part"
                )
            else:
                before = f"before {token.text!r}" if token.text else "at the end of the line"
                message = f"words are missing {before}"
            raise self._fault(token, message)
        return parts[0] if len(parts) == 1 else Phrase(tuple(parts))

    def _value(self, match: re.Match[str]) -> Value:
        token = self._tokens[self._at]
        value = " ".join(match[1].split())
        if not self._values:
            raise self._fault(
                token, "only rules have values; give '... = ...' to a rule and refer to it"
            )
        if not value:
            raise self._fault(token, "a value is missing before '='; write it as in '5 = five'")
        while self._tokens[self._at].column < match.end():
            self._at += 1
        return Value(value, self._option("="))

    def _counted(self) -> Expression:
        token = self._tokens[self._at]
        if token.kind == "count":
            raise self._fault(
                token, f"{token.text!r} counts nothing; write it right behind a word or bracket"
            )
        if token.kind == "name":
            self._at += 1
            item: Expression | _Bracket = self._reference(token)
        else:
            item = self._joined()
        count = self._tokens[self._at]
        if count.kind == "count" and count.joined:
            self._at += 1
            found: Expression = self._repeat(item, count)
        else:
            found = _optional(item) if isinstance(item, _Bracket) else item
        behind = self._tokens[self._at]
        if behind.joined and behind.kind == "count":
            raise self._fault(behind, f"{behind.text!r} counts what is counted; use brackets")
        if behind.joined and (behind.kind in ("text", "name") or behind.text in ("(", "[")):
            raise self._fault(behind, f"a space is missing before {behind.text!r}")
        return found

    def _reference(self, token: _Token) -> Reference:
        rule = token.text[1:-1].strip()
        if not NAME.fullmatch(rule):
            raise self._fault(
                token, f"{token.text!r} holds no name; expected a slot such as {{room}} or <room>"
            )
        return Reference(rule, token.text[0] == "{", self._place(token))

    def _repeat(self, item: Expression | _Bracket, count: _Token) -> Repeat:
        place = self._place(count)
        body: Expression = choice_of(item.options) if isinstance(item, _Bracket) else item
        if isinstance(item, _Bracket) and self._line[item.place.column - 1] == "[":
            body = Repeat(body, 0, 1, item.place)
        if count.text in "+*":
            return Repeat(body, int(count.text == "+"), None, place)
        match = _COUNT.fullmatch(count.text)
        least, most = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 0 < most >= least:
            raise self._fault(
                count, f"{count.text!r} is no count; expected one such as {{4}} or {{3,7}}"
            )
        return Repeat(body, least, most, place)

    def _joined(self) -> Expression | _Bracket:
        """A word with its endings, or something in brackets."""
        first = self._tokens[self._at]
        parts = [self._part()]
        while (token := self._tokens[self._at]).joined and (
            token.kind == "text" or token.text in ("(", "[")
        ):
            parts.append(self._part())
        if len(parts) == 1:
            part = parts[0]
            return Terminal(part, self._place(first)) if isinstance(part, str) else part
        spellings = [self._spellings(part) for part in parts]
        if all(isinstance(part, _Bracket) for part in parts):
            raise self._fault(first, "a space is missing behind these brackets")
        if math.prod(len(found) for found in spellings) > _MOST_SPELLINGS:
            raise self._fault(first, f"a word with more than {_MOST_SPELLINGS} spellings")
        words = dict.fromkeys("".join(pieces) for pieces in itertools.product(*spellings))
        return choice_of([Terminal(word, self._place(first)) for word in words])

    def _spellings(self, part: str | _Bracket) -> list[str]:
        if isinstance(part, str):
            return [part]
        found = [""] if part.optional else []
        for option in part.options:
            if not isinstance(option, Terminal):
                raise fault(
                    self._grammar,
                    part.place,
                    "only endings are joined to a word, as in light(s); a space is missing here",
                )
            found.append(option.word)
        return found

    def _part(self) -> str | _Bracket:
        token = self._tokens[self._at]
        self._at += 1
        if token.kind == "text":
            return token.text
        if token.text not in _CLOSING:
            raise self._stray(token)
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._fault(
                token, f"more than {_DEEPEST} brackets within each other; make rules of some"
            )
        options = self._options(token.text)
        self._depth -= 1
        closing = self._tokens[self._at]
        if closing.text != _CLOSING[token.text]:
            raise self._fault(token, f"{token.text!r} is not closed by {_CLOSING[token.text]!r}")
        self._at += 1
        return _Bracket(token.text == "[" or len(options) == 1, options, self._place(token))

    def _stray(self, token: _Token) -> DataError:
        what = {
            "=": "has no place here; begin an alternative of a rule with a value, as in '5 = five'",
            "{": "is not closed; write slots as in {room}",
            "<": "is not closed; write rules as in <room>",
        }.get(token.text, "closes nothing; remove it, or open a bracket before")
        return self._fault(token, f"{token.text!r} {what}")

    def _place(self, token: _Token) -> Place:
        return Place(self._number, token.column + 1)

    def _fault(self, token: _Token, message: str) -> DataError:
        return fault(self._grammar, self._place(token), message)


def _optional(bracket: _Bracket) -> Expression:
    tree = choice_of(bracket.options)
    return Repeat(tree, 0, 1, bracket.place) if bracket.optional else tree


def choice_of(options: list[Expression]) -> Expression:
    """One of several trees; a single one is just that."""
    return options[0] if len(options) == 1 else Choice(tuple(options))
