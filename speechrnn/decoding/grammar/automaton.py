"""The sentences of a grammar as the smallest deterministic graph over words."""

from __future__ import annotations

from speechrnn.decoding.grammar.transducer import MOST_STATES, Transducer
from speechrnn.errors import DataError


class Automaton:
    """Which words may follow which, whatever they mean.

    No two arcs of a state have the same word, no two states are followed by the same sentences:
    there is no smaller one. States are numbered breadth first, in the order of the grammar.

    Attributes:
        arcs: Of each state, the words that may follow and the states that they lead to; state 0 is
            the start.
        final: Of each state, whether a sentence may end there.
    """

    def __init__(self, transducer: Transducer, name: str) -> None:
        """Make a transducer deterministic and small.

        Args:
            transducer: Of the grammar.
            name: Of the grammar, for errors.

        Raises:
            DataError: It becomes too large.
        """
        arcs, final = _determinise(transducer, name)
        self.arcs, self.final = _minimise(arcs, final)

    @property
    def num_sentences(self) -> int | None:
        """How many sentences there are; None where they are without end."""
        counts: dict[int, int] = {}
        path = {0: iter(self.arcs[0].values())}
        while path:
            state, targets = next(reversed(path.items()))
            target = next((t for t in targets if t not in counts), None)
            if target is None:
                del path[state]
                counts[state] = self.final[state] + sum(
                    counts[t] for t in self.arcs[state].values()
                )
            elif target in path:
                return None
            else:
                path[target] = iter(self.arcs[target].values())
        return counts[0]


def _determinise(transducer: Transducer, name: str) -> tuple[list[dict[str, int]], list[bool]]:
    """States are sets of states: subset construction."""
    first = _closure(transducer, [0])
    numbers = {first: 0}
    waiting = [first]
    arcs: list[dict[str, int]] = []
    size = 0
    for states in waiting:  # grows meanwhile
        size += len(states)
        if size > MOST_STATES:
            raise DataError(
                f"{name}: needs more than {MOST_STATES:,} states; lower its counts, above all "
                "behind alternatives that can begin alike"
            )
        following: dict[str, list[int]] = {}
        for state in states:
            for arc in transducer.arcs[state]:
                if arc.word is not None:
                    following.setdefault(arc.word, []).append(arc.target)
        arcs.append({})
        for word, targets in following.items():
            closure = _closure(transducer, targets)
            if closure not in numbers:
                numbers[closure] = len(numbers)
                waiting.append(closure)
            arcs[-1][word] = numbers[closure]
    return arcs, [transducer.final in states for states in waiting]


def _closure(transducer: Transducer, states: list[int]) -> tuple[int, ...]:
    """Where one gets without a word, as far as words or the end follow, in order."""
    seen = set(states)
    waiting = list(states)
    found = []
    for state in waiting:  # grows meanwhile
        silent = [arc.target for arc in transducer.arcs[state] if arc.word is None]
        if len(silent) < len(transducer.arcs[state]) or state == transducer.final:
            found.append(state)
        waiting += dict.fromkeys(target for target in silent if target not in seen)
        seen.update(silent)
    return tuple(sorted(found))


def _minimise(
    arcs: list[dict[str, int]], final: list[bool]
) -> tuple[tuple[dict[str, int], ...], tuple[bool, ...]]:
    """Put states together that nothing tells apart: Hopcroft's algorithm."""
    sources: list[list[tuple[str, int]]] = [[] for _ in arcs]
    for state, following in enumerate(arcs):
        for word, target in following.items():
            sources[target].append((word, state))
    block_of = [int(ends) for ends in final]
    blocks = [{s for s, block in enumerate(block_of) if block == number} for number in (0, 1)]
    waiting = {0, 1}
    while waiting:
        by_word: dict[str, list[int]] = {}
        for target in blocks[waiting.pop()]:
            for word, source in sources[target]:
                by_word.setdefault(word, []).append(source)
        for found in by_word.values():
            parts: dict[int, set[int]] = {}
            for state in found:
                parts.setdefault(block_of[state], set()).add(state)
            for block, part in parts.items():
                if len(part) == len(blocks[block]):
                    continue
                blocks[block] -= part
                for state in part:
                    block_of[state] = len(blocks)
                smaller = len(blocks) if len(part) < len(blocks[block]) else block
                waiting.add(len(blocks) if block in waiting else smaller)
                blocks.append(part)
    # Numbered by their first states, which were found breadth first.
    leaders = {block: state for state, block in reversed(list(enumerate(block_of)))}
    kept = sorted(leaders.values())
    numbers = {block_of[state]: number for number, state in enumerate(kept)}
    return (
        tuple(
            {word: numbers[block_of[target]] for word, target in arcs[state].items()}
            for state in kept
        ),
        tuple(final[state] for state in kept),
    )
