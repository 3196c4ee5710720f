"""Viterbi search through a network, frame by frame."""

from __future__ import annotations

import numpy as np

from speechrnn.decoding.grammar.history import Entry, History
from speechrnn.decoding.grammar.network import START, Network


class Search:
    """The best path to each state, exactly, with the words on it.

    Of paths of equal score, the one that stays in its state counts, else the one that waited in the
    blank, else the one that stands first in the network.

    Attributes:
        best: (nodes,) score of the best path to each node.
    """

    def __init__(self, network: Network, filler_cost: float) -> None:
        """Start before frame 0.

        Args:
            network: What is searched.
            filler_cost: What each unit of a filler takes from the score of a path.
        """
        self._network = network
        self._filler_cost = filler_cost
        self._states, self._ends = len(network.units), len(network.ends)
        # A state and, for those at which a word ends, what a path carries that leaves it.
        self._leaving = np.arange(self._states)
        self._leaving[self._states - self._ends :] += self._ends
        self._history = History(self._ends)
        self.begin(0)

    def begin(self, frame: int) -> None:
        """Leave all paths, and begin one at the start.

        Args:
            frame: Number of the next frame.
        """
        size, nodes = self._states + self._ends, self._network.num_nodes
        self._frame = frame
        self._scores = np.full(self._states, -np.inf)
        self._scores[START] = 0
        # What paths carry: the latest entry in the history, and of the word under way the first
        # frame and the score before it.
        self._entry = np.zeros(size, np.intp)
        self._begun = np.full(size, frame)
        self._before = np.zeros(size)
        self._heard = np.full(nodes, frame)
        self._history.clear()
        self._choose()

    def step(self, row: np.ndarray) -> None:
        """Go one frame further.

        Args:
            row: (V,) natural log-posteriors of the next frame.
        """
        network, nodes, states = self._network, self._network.num_nodes, self._states
        sounding = self._scores[nodes:]
        entering, origins = self._enter()
        enters = entering > sounding
        source = np.arange(states)
        source[:nodes] = self._leaving.take(self._winners)
        np.copyto(source[nodes:], origins, where=enters)

        self._end_words()
        for carried in (self._entry, self._begun, self._before):
            carried[:states] = carried.take(source)
        enters &= network.begins
        np.copyto(self._begun[nodes:states], self._frame, where=enters)
        np.copyto(self._before[nodes:states], entering, where=enters)
        self._begun[START] = self._frame = self._frame + 1

        np.maximum(sounding, entering, out=sounding)
        self._scores[:nodes] = self.best
        self._scores += row.take(network.units)
        self._choose()

    def begun(self, node: int) -> int:
        """First frame of the word under way, or of what the filler absorbs, on the best path."""
        return int(self._begun[self._winners[node]])

    def heard(self, node: int) -> int:
        """One past the last frame in which something sounded on the best path to a node.

        Behind a sentence what the filler absorbs does not count.
        """
        if node == self._network.behind:
            return self.words(node)[-1].end_frame
        return int(self._heard[node])

    def words(self, node: int) -> list[Entry]:
        """The words on the best path to a node, one that still sounds included."""
        state = int(self._winners[node])
        found = self._history.trace(int(self._entry[state]))
        end = state - (self._states - self._ends)
        if end >= 0:
            word, start = int(self._network.ends[end]), int(self._begun[state])
            scores = float(self._before[state]), float(self._scores[state])
            found.append(Entry(word, start, self._frame, *scores))
        return found

    def _choose(self) -> None:
        """Find the best state of each node."""
        network, nodes = self._network, self._network.num_nodes
        self.best = self._scores[:nodes].copy()
        self._winners = np.arange(nodes)
        top, states = network.arrivals.highest(self._scores[nodes:])
        sounds = top > self.best[1:]
        np.copyto(self.best[1:], top, where=sounds)
        np.copyto(self._winners[1:], states + nodes, where=sounds)
        np.copyto(self._heard[1:], self._frame, where=sounds)

    def _enter(self) -> tuple[np.ndarray, np.ndarray]:
        """The best arc to each sounding state: the score, and the state left for it."""
        network = self._network
        scores = self.best.take(network.source)
        origins = self._leaving.take(self._winners).take(network.source)
        if len(network.clash_arcs):
            self._avoid_clashes(scores, origins)
        scores[: network.num_costly] -= self._filler_cost
        top, arcs = network.entries.highest(scores)
        return top, origins.take(arcs)

    def _avoid_clashes(self, scores: np.ndarray, origins: np.ndarray) -> None:
        """Where the best state of a node has the unit of an arc, take the best of another unit."""
        network, nodes = self._network, self._network.num_nodes
        units = network.units.take(self._winners.take(network.clash_nodes))
        same = (units.take(network.clash_rows) == network.clash_units).nonzero()[0]
        if not len(same):
            return
        members = network.clash_members + nodes
        rivals = self._scores.take(members)
        rivals[network.units.take(members) == units.take(network.clash_node_rows)] = -np.inf
        top, found = network.clash_arrivals.highest(rivals)
        blanks = self._scores.take(network.clash_nodes)
        waits = blanks >= top
        states = np.where(waits, network.clash_nodes, members.take(found))
        arcs, rows = network.clash_arcs.take(same), network.clash_rows.take(same)
        scores[arcs] = np.where(waits, blanks, top).take(rows)
        origins[arcs] = self._leaving.take(states).take(rows)

    def _end_words(self) -> None:
        """Make entries of the words that may end before this frame."""
        states = self._states
        ends = slice(states - self._ends, states)
        if self._history.is_full:
            self._entry[:states] = self._history.collect(self._entry[:states])
        first = self._history.extend(
            self._entry[ends],
            self._network.ends,
            self._begun[ends],
            self._frame,
            self._before[ends],
            self._scores[ends],
        )
        self._entry[states:] = np.arange(first, first + self._ends)
