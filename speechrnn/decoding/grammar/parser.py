"""From the text of a grammar to a tree."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from speechrnn.decoding.grammar.checks import check_grammar
from speechrnn.decoding.grammar.expression import Expression, Grammar, Place, fault
from speechrnn.decoding.grammar.line import NAME, Line, choice_of
from speechrnn.errors import DataError

_HEADER = re.compile(rf"(intent\s+)?({NAME.pattern})\s*:")


class _Block(NamedTuple):
    """An intent or rule: where it begins, and its alternatives."""

    place: Place
    options: list[Expression]


def read_grammar(path: str | Path) -> Grammar:
    """Read and check a grammar file, written as `speechrnn.decoding.grammar` says.

    Raises:
        DataError: Unreadable, or not a grammar; names line and column.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    return parse_grammar(text, str(path))


def parse_grammar(text: str, name: str = "grammar") -> Grammar:
    """Parse and check the text of a grammar, written as `speechrnn.decoding.grammar` says.

    Args:
        text: All of it.
        name: Stands for the file in errors.

    Raises:
        DataError: It is not a grammar; names line and column.
    """
    intents: dict[str, _Block] = {}
    rules: dict[str, _Block] = {}
    block = None
    for number, written in enumerate(text.split("\n"), 1):
        line, place, body = written.partition("#")[0].rstrip(), Place(number, 1), 0
        if not line:
            continue
        if not line[0].isspace():
            match = _HEADER.match(line)
            if match is None or match[2] == "intent":
                raise fault(name, place, "expected 'intent NAME: ...' or 'NAME: ...'")
            blocks, body = intents if match[1] else rules, match.end()
            if blocks is rules and match[2] in rules:
                before = rules[match[2]].place.line
                raise fault(
                    name, place, f"rule {match[2]!r} stands already in line {before}; add to it"
                )
            block = blocks.setdefault(match[2], _Block(place, []))
        elif block is None:
            raise fault(name, place, "indented, but there is no intent or rule above to go on with")
        if line[body:].strip():
            block.options.extend(Line(name, number, line, body, values=blocks is rules).options())
    for owner, (place, options) in (*intents.items(), *rules.items()):
        if not options:
            raise fault(name, place, f"{owner!r} has no words; write some behind the colon")
    grammar = Grammar(
        name,
        {intent: choice_of(options) for intent, (_, options) in intents.items()},
        {rule: choice_of(options) for rule, (_, options) in rules.items()},
    )
    check_grammar(grammar, {intent: block.place for intent, block in intents.items()})
    return grammar
