"""A grammar as a graph over words that says what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from speechrnn.decoding.grammar.expression import (
    Choice,
    Expression,
    Grammar,
    Phrase,
    Reference,
    Repeat,
    Terminal,
)
from speechrnn.errors import DataError

MOST_STATES = 100_000


class Action(NamedTuple):
    """What happens along an arc without a word."""

    kind: Literal["open", "slot", "value", "intent"]
    name: str = ""


class Arc(NamedTuple):
    """A way from one state to another: a word is said, or an action taken, or neither."""

    target: int
    word: str | None = None
    action: Action | None = None


class Meaning(NamedTuple):
    """What a sentence asks for."""

    intent: str
    slots: dict[str, str | list[str]]


class Transducer:
    """All sentences of a grammar, each as a path from state 0 to `final`.

    Attributes:
        arcs: Of each state, those that stand first in the grammar first.
        final: The last state.
    """

    def __init__(self, grammar: Grammar) -> None:
        """Unfold a grammar.

        Raises:
            DataError: It becomes too large.
        """
        self._grammar = grammar
        self.arcs: list[list[Arc]] = [[]]
        ends = []
        for intent, tree in grammar.intents.items():
            end = self._add(tree, self._step(0))
            ends.append(self._step(end, action=Action("intent", intent)))
        self.final = self._state()
        for end in ends:
            self.arcs[end].append(Arc(self.final))
        fills = {intent: self._fills(tree) for intent, tree in grammar.intents.items()}
        self.intents = {intent: frozenset(counts) for intent, counts in fills.items()}
        self._lists = {
            intent: frozenset(slot for slot, count in counts.items() if count > 1)
            for intent, counts in fills.items()
        }

    def interpret(self, words: Sequence[str]) -> Meaning | None:
        """What a sentence means: of several readings the one that stands first in the grammar.

        Args:
            words: The sentence.

        Returns:
            None where it is not in the grammar.
        """
        seen = {(0, 0)}
        path = [(0, 0, 0)]  # state, words before it, arc to take next
        while path:
            state, said, turn = path.pop()
            if state == self.final and said == len(words):
                return self._meaning([self.arcs[s][t - 1] for s, _, t in path])
            if turn == len(self.arcs[state]):
                continue
            path.append((state, said, turn + 1))
            arc = self.arcs[state][turn]
            if arc.word is not None:
                if said == len(words) or words[said] != arc.word:
                    continue
                said += 1
            if (arc.target, said) not in seen:
                seen.add((arc.target, said))
                path.append((arc.target, said, 0))
        return None

    def _meaning(self, path: list[Arc]) -> Meaning:
        intent = next(arc.action.name for arc in path if arc.action and arc.action.kind == "intent")
        filled: dict[str, list[str]] = {}
        open_parts: list[list[str]] = [[]]
        for arc in path:
            if arc.word is not None:
                open_parts[-1].append(arc.word)
            elif arc.action is None or arc.action.kind == "intent":
                continue
            elif arc.action.kind == "open":
                open_parts.append([])
            else:
                said = open_parts.pop()
                if arc.action.kind == "value":
                    said = [arc.action.name]
                elif said:
                    filled.setdefault(arc.action.name, []).append(" ".join(said))
                open_parts[-1] += said
        lists = self._lists[intent]
        return Meaning(intent, {k: v if k in lists else v[0] for k, v in filled.items()})

    def _fills(self, expression: Expression) -> dict[str, int]:
        """How often each slot can be filled, counted to 2."""
        counts: dict[str, int] = {}
        if isinstance(expression, Choice):
            for option in expression.options:
                for name, count in self._fills(option).items():
                    counts[name] = max(count, counts.get(name, 0))
            return counts
        if isinstance(expression, Terminal):
            return counts
        if isinstance(expression, Repeat):
            counts = self._fills(expression.body)
            return counts if expression.most == 1 else dict.fromkeys(counts, 2)
        if isinstance(expression, Reference):
            counts = self._fills(self._grammar.rules[expression.rule])
            return {**counts, expression.rule: 1} if expression.slot else counts
        for part in expression.parts if isinstance(expression, Phrase) else (expression.body,):
            for name, count in self._fills(part).items():
                counts[name] = min(2, count + counts.get(name, 0))
        return counts

    def _state(self) -> int:
        if len(self.arcs) == MOST_STATES:
            raise DataError(
                f"{self._grammar.name}: unfolds to more than {MOST_STATES:,} words and branches; "
                "lower the counts, or have fewer rules in counts"
            )
        self.arcs.append([])
        return len(self.arcs) - 1

    def _step(self, source: int, word: str | None = None, action: Action | None = None) -> int:
        """A new state behind another one."""
        target = self._state()
        self.arcs[source].append(Arc(target, word, action))
        return target

    def _add(self, expression: Expression, state: int) -> int:
        """Add what may be said from a state on that no arc leaves; returns another such state."""
        if isinstance(expression, Terminal):
            return self._step(state, word=expression.word)
        if isinstance(expression, Phrase):
            for part in expression.parts:
                state = self._add(part, state)
            return state
        if isinstance(expression, Choice):
            ends = [self._add(option, self._step(state)) for option in expression.options]
            return self._join(ends)
        if isinstance(expression, Repeat):
            return self._repeat(expression, state)
        if isinstance(expression, Reference):
            rule = self._grammar.rules[expression.rule]
            if not expression.slot:
                return self._add(rule, state)
            end = self._add(rule, self._step(state, action=Action("open")))
            return self._step(end, action=Action("slot", expression.rule))
        end = self._add(expression.body, self._step(state, action=Action("open")))
        return self._step(end, action=Action("value", expression.value))

    def _repeat(self, repeat: Repeat, state: int) -> int:
        if repeat.most is None:  # at least 0 or 1 times
            again = self._step(state)
            end = self._add(repeat.body, again if repeat.least else self._step(again))
            self.arcs[end].append(Arc(again))
            return self._step(end if repeat.least else again)
        for _ in range(repeat.least):
            state = self._add(repeat.body, state)
        ends = []
        for _ in range(repeat.most - repeat.least):
            body = self._step(state)
            ends.append(self._step(state))
            state = self._add(repeat.body, body)
        return self._join([*ends, state])

    def _join(self, ends: list[int]) -> int:
        joined = self._state()
        for end in ends:
            self.arcs[end].append(Arc(joined))
        return joined
