"""What a grammar must not do, beyond how it is written."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from speechrnn.decoding.grammar.expression import (
    Choice,
    Expression,
    Grammar,
    Phrase,
    Place,
    Reference,
    Repeat,
    Terminal,
    fault,
    walk,
)
from speechrnn.errors import DataError

_DEEPEST = 10  # rules within each other


def check_grammar(grammar: Grammar, headers: dict[str, Place]) -> None:
    """Refuse what cannot be said.

    Args:
        grammar: As it was parsed.
        headers: Where each intent begins.

    Raises:
        DataError: No intent, an unknown rule, a rule that contains itself, an intent or a
            repetition that needs no words.
    """
    if not grammar.intents:
        raise DataError(
            f"{grammar.name}: has no intent; write one such as 'intent lights: turn the light on'"
        )
    trees = [*grammar.intents.values(), *grammar.rules.values()]
    for reference in (part for tree in trees for part in walk(tree)):
        if isinstance(reference, Reference) and reference.rule not in grammar.rules:
            raise fault(
                grammar.name,
                reference.place,
                f"no rule {reference.rule!r}; "
                + nearest(reference.rule, grammar.rules, f"add a line '{reference.rule}: ...'"),
            )
    depths: dict[str, int] = {}
    for rule in grammar.rules:
        _visit(grammar, rule, [], depths)
    silent: dict[str, bool] = {}
    for rule in depths:
        silent[rule] = _silent(grammar.rules[rule], silent)
    for tree in trees:
        for part in walk(tree):
            if isinstance(part, Repeat) and part.most is None and _silent(part.body, silent):
                raise fault(
                    grammar.name,
                    part.place,
                    "repeats what may be left out; make it optional or repeat it, not both",
                )
    for intent, tree in grammar.intents.items():
        if _silent(tree, silent):
            raise fault(
                grammar.name,
                headers[intent],
                f"intent {intent!r} needs no word at all; let some part of it not be optional",
            )


def nearest(word: str, known: Iterable[str], otherwise: str) -> str:
    """Which of the known words may be meant."""
    by_case = {other.casefold(): other for other in sorted(known)}
    near = difflib.get_close_matches(word.casefold(), by_case, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(repr(by_case[n]) for n in near)}?" if near else otherwise


def _visit(grammar: Grammar, rule: str, above: list[str], depths: dict[str, int]) -> None:
    """Find out how many rules lie within each other, first for those that the rule refers to."""
    above = [*above, rule]
    depth = 1
    for part in walk(grammar.rules[rule]):
        if not isinstance(part, Reference):
            continue
        if part.rule in above:
            circle = [*above[above.index(part.rule) :], part.rule]
            raise fault(
                grammar.name,
                part.place,
                f"rule {part.rule!r} contains itself ({' > '.join(circle)}); "
                "write what repeats as (...)+",
            )
        if part.rule not in depths and len(above) <= _DEEPEST:
            _visit(grammar, part.rule, above, depths)
        depth = max(depth, 1 + depths.get(part.rule, _DEEPEST))
        if depth > _DEEPEST:
            raise fault(
                grammar.name,
                part.place,
                f"more than {_DEEPEST} rules within each other; join some of them",
            )
    depths[rule] = depth


def _silent(expression: Expression, rules: dict[str, bool]) -> bool:
    """Whether it may be nothing at all."""
    if isinstance(expression, Terminal):
        return False
    if isinstance(expression, Phrase):
        return all(_silent(part, rules) for part in expression.parts)
    if isinstance(expression, Choice):
        return any(_silent(option, rules) for option in expression.options)
    if isinstance(expression, Reference):
        return rules[expression.rule]
    if isinstance(expression, Repeat) and expression.least == 0:
        return True
    return _silent(expression.body, rules)
