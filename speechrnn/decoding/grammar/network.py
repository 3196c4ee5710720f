"""The graph that is searched: a grammar's words as units of a model, and the filler beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from speechrnn.decoding.grammar.automaton import Automaton
from speechrnn.decoding.grammar.groups import Groups

START = 0  # the node where nothing has been said yet
FILLER = 1  # the node among any units at all, without a sentence


class _State(NamedTuple):
    node: int
    unit: int
    word: int = -1
    begins: bool = False


class Network:
    """States and arcs as arrays, in the topology of CTC.

    A node is a place between units. A path waits at a node in its blank state, or has just come to
    it in a sounding state, one for each unit that leads there and word that ends with it. An arc
    leads from a node to a sounding state; from a sounding state of the same unit it cannot be taken
    but through the blank.

    Arcs lead from the start to sentences and to the filler. For spotting, they also lead from the
    filler to sentences, and from these to a node with a filler of its own.

    Attributes:
        words: Those that states name by number.
        num_nodes: N, the blank states being 0 to N-1; START and FILLER are the first.
        complete: (N,) whether a sentence may end there.
        behind: The node of the filler behind sentences, or None.
        units: (states,) unit of each state, 0 for blank ones.
        ends: (ends,) number of the word that ends with each of the last states.
        begins: (sounding,) whether a word begins with each sounding state.
        arrivals: The sounding states, by node; the start has none.
        source: (arcs,) node that each comes from.
        entries: The arcs, by the sounding state that they lead to.
        num_costly: The arcs before this one lead to units of a filler.
        clash_nodes: Nodes that a unit leads to and from.
        clash_members: Their sounding states.
        clash_node_rows: Which of `clash_nodes` each of these leads to.
        clash_arrivals: These, by node.
        clash_arcs: Arcs from the nodes with a unit that leads there, too.
        clash_rows: Which of `clash_nodes` each of these comes from.
        clash_units: Their units.
    """

    def __init__(
        self,
        automaton: Automaton,
        lexicon: Mapping[str, Sequence[tuple[int, ...]]],
        num_units: int,
        separator: int | None,
        spotting: bool,
    ) -> None:
        """Lay out an automaton.

        Args:
            automaton: The sentences.
            lexicon: Ways to say each word, in units.
            num_units: V, the blank included, which is 0.
            separator: Unit between words that may also stand before and behind a sentence, any
                number of times.
            spotting: Whether there may be other speech right before and behind a sentence.
        """
        draft = _Draft(num_units)
        start, filler = draft.node(False), draft.node(False)
        draft.fill(start, filler)
        draft.fill(filler, filler)
        self.behind = draft.node(True) if spotting else None
        self.words = tuple(dict.fromkeys(word for arcs in automaton.arcs for word in arcs))
        numbers = {word: number for number, word in enumerate(self.words)}
        # Where words of a state of the automaton come from; None is state 0 before the first word.
        roots: dict[int | None, list[int]] = {None: [start, filler] if spotting else [start]}
        waiting: list[int | None] = [None]
        for state in waiting:  # grows meanwhile
            sources = roots[state]
            if separator is not None:
                gap = draft.node(state is not None and automaton.final[state])
                for source in (*sources, gap):
                    draft.arc(source, _State(gap, separator))
                sources = [*sources, gap] if state is None else [gap]
            inner: dict[tuple[int, ...], int] = {}
            for word, following in automaton.arcs[state or 0].items():
                if following not in roots:
                    roots[following] = [draft.node(automaton.final[following])]
                    waiting.append(following)
                for units in lexicon[word]:
                    draft.word(sources, inner, units, roots[following][0], numbers[word])
        if self.behind is not None:
            for node, complete in enumerate(draft.complete):
                if complete:
                    draft.fill(node, self.behind)
        self._freeze(draft)

    def _freeze(self, draft: _Draft) -> None:
        """Number everything anew, nodes where words end last, and make arrays of it."""
        last = {state.node for state in draft.states if state.word >= 0}
        order = sorted(range(len(draft.complete)), key=lambda node: node in last)
        place = {node: number for number, node in enumerate(order)}
        states = sorted(draft.states, key=lambda state: place[state.node])
        numbers = {state: number for number, state in enumerate(states)}
        arcs = sorted((numbers[state], place[source]) for source, state in draft.arcs)

        self.num_nodes = len(order)
        self.complete = np.array(draft.complete)[order]
        units = np.array([state.unit for state in states])
        self.units = np.concatenate([np.zeros(self.num_nodes, np.intp), units])
        self.ends = np.array([state.word for state in states if state.word >= 0])
        self.begins = np.array([state.begins for state in states])
        node = np.array([place[state.node] for state in states])
        self.arrivals = Groups(node - 1)
        target, self.source = np.array(arcs).T.copy()
        self.entries = Groups(target)
        num_filling = np.searchsorted(node, self.behind or FILLER, side="right")
        self.num_costly = int(np.searchsorted(target, num_filling))

        arriving = {(place[state.node], state.unit) for state in states}
        clashes = [
            # Within a filler, to stay in the state is as good.
            (source, states[target].unit) in arriving
            and (source not in (FILLER, self.behind) or source != node[target])
            for target, source in arcs
        ]
        self.clash_arcs = np.flatnonzero(np.array(clashes, bool))
        self.clash_units = units[target[self.clash_arcs]]
        self.clash_nodes, self.clash_rows = np.unique(
            self.source[self.clash_arcs], return_inverse=True
        )
        self.clash_members = np.flatnonzero(np.isin(node, self.clash_nodes))
        self.clash_node_rows = np.searchsorted(self.clash_nodes, node[self.clash_members])
        self.clash_arrivals = Groups(self.clash_node_rows)


class _Draft:
    """Nodes, sounding states and arcs while they are being found.

    Attributes:
        complete: Of each node, whether a sentence may end there.
        states: Sounding states, in the order in which they were found.
        arcs: From a node to a sounding state.
    """

    def __init__(self, num_units: int) -> None:
        self.complete: list[bool] = []
        self.states: dict[_State, None] = {}
        self.arcs: set[tuple[int, _State]] = set()
        self._num_units = num_units

    def node(self, complete: bool) -> int:
        """A new node."""
        self.complete.append(complete)
        return len(self.complete) - 1

    def arc(self, source: int, target: _State) -> None:
        """An arc, if there is none yet."""
        self.states.setdefault(target)
        self.arcs.add((source, target))

    def word(
        self,
        sources: list[int],
        inner: dict[tuple[int, ...], int],
        units: tuple[int, ...],
        node: int,
        number: int,
    ) -> None:
        """The units of a word, one after the other.

        Args:
            sources: Where it comes from.
            inner: Nodes within the words from there, by the units before; new ones are added.
            units: Its units.
            node: Where it leads to.
            number: Of the word.
        """
        for count in range(1, len(units)):
            prefix = units[:count]
            if prefix not in inner:
                inner[prefix] = self.node(False)
            for source in sources:
                self.arc(source, _State(inner[prefix], prefix[-1], begins=count == 1))
            sources = [inner[prefix]]
        for source in sources:
            self.arc(source, _State(node, units[-1], number, begins=len(units) == 1))

    def fill(self, source: int, node: int) -> None:
        """An arc for every unit but the blank."""
        for unit in range(1, self._num_units):
            self.arc(source, _State(node, unit))
