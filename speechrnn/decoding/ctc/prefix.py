"""The tree of prefixes that a beam search keeps, and where their units lie."""

from __future__ import annotations

import math
from typing import Any

from speechrnn.decoding.ctc.hypothesis import Segment

NEVER = -math.inf


class Link(Segment):
    """A segment of an alignment, linked to the one before it; alignments share what they can.

    Attributes:
        previous: The segment before; None where that is of no interest any more.
        prefix: The prefix that it is the last unit of.
        depth: Grows by one from segment to segment.
    """

    __slots__ = ("depth", "prefix", "previous")

    def __init__(
        self,
        previous: Link | None,
        prefix: Prefix,
        start_frame: int,
        end_frame: int,
        before: float,
        after: float,
    ) -> None:
        """The fields of a segment, and what comes before it."""
        self.previous = previous
        self.prefix = prefix
        self.unit = prefix.unit
        self.start_frame = start_frame
        self.end_frame = end_frame
        self.before = before
        self.after = after
        self.depth: int = previous.depth + 1 if previous is not None else 0

    def since(self, earlier: Link) -> list[Link]:
        """The segments after an earlier one, up to this one."""
        links = []
        link: Link | None = self
        while link is not earlier:
            assert link is not None
            links.append(link)
            link = link.previous
        return links[::-1]


def shared(one: Link, other: Link) -> Link:
    """The last of the segments that two alignments have in common."""
    while one is not other:
        if one.depth < other.depth:
            one, other = other, one
        assert one.previous is not None
        one = one.previous
    return one


# Log-probability of an alignment, and its last segment.
Alignment = tuple[float, Any]
# The same while the last segment goes on: log-probability, the segment before, and of the one that
# goes on its first frame and the log-probability before it.
OpenAlignment = tuple[float, Any, int, float]

_NO_CLOSED: Alignment = (NEVER, None)
_NO_OPEN: OpenAlignment = (NEVER, None, 0, 0.0)


class Prefix:
    """A sequence of units, as a node in a tree of them.

    All log-probabilities are of its alignments with the frames so far, in relation to a common
    offset: that of nothing but blanks. They are `NEVER` while the prefix is not in the beam.

    Attributes:
        parent: The prefix without the last unit; None at the root.
        unit: The last unit.
        word: The word that ended with it, if one did.
        state: Of the spelling.
        prior: What language model and bonus give its words; in none of the log-probabilities.
        history: State of the language model.
        children: The longer prefixes in the tree, by unit and word.
        fused: `prior` and `history` after one more word, as far as anybody asked.
        blank: Sum over the alignments that end in a blank.
        sound: Sum over those that end in the unit.
        total: Sum over both.
        closed: The likeliest of the alignments in `blank`.
        open: The likeliest of the alignments in `sound`.
        settled: The likelier of the two, as of `settle`.
        coming: What `advance` is about to make true: `total`, `blank`, `sound`, `closed`, `open`.
    """

    __slots__ = (
        "blank",
        "children",
        "closed",
        "coming",
        "fused",
        "history",
        "open",
        "parent",
        "prior",
        "settled",
        "sound",
        "state",
        "total",
        "unit",
        "word",
    )

    total: float
    blank: float
    sound: float
    closed: Alignment
    open: OpenAlignment

    def __init__(
        self,
        parent: Prefix | None,
        unit: int,
        word: str | None,
        state: Any,
        prior: float,
        history: Any,
    ) -> None:
        """A prefix outside the beam."""
        self.parent = parent
        self.unit = unit
        self.word = word
        self.state = state
        self.prior = prior
        self.history = history
        self.children: dict[tuple[int, str | None], Prefix] = {}
        self.fused: dict[str, tuple[float, Any]] = {}
        self.drop()

    def begin(self, link: Link) -> None:
        """Be what a search begins with, after a segment that stands for nothing."""
        self.coming = (0.0, 0.0, NEVER, (0.0, link), _NO_OPEN)
        self.advance(NEVER)

    def drop(self) -> None:
        """Leave the beam."""
        self.coming = (NEVER, NEVER, NEVER, _NO_CLOSED, _NO_OPEN)
        self.advance(NEVER)

    def release(self) -> None:
        """Leave the tree, with the ancestors that nothing needs any more."""
        prefix = self
        while prefix.parent is not None and not prefix.children and prefix.total == NEVER:
            parent = prefix.parent
            del parent.children[prefix.unit, prefix.word]
            prefix.parent = None
            prefix = parent

    def words_since(self, earlier: Prefix) -> list[str]:
        """The words after an earlier prefix."""
        words = []
        prefix: Prefix | None = self
        while prefix is not earlier:
            assert prefix is not None
            if prefix.word is not None:
                words.append(prefix.word)
            prefix = prefix.parent
        return words[::-1]

    def ends(self) -> list[Link]:
        """The last closed segments of its likeliest alignments, of either kind."""
        return [path[1] for path in (self.closed, self.open) if path[0] != NEVER]

    def keep_after(self, link: Link) -> None:
        """Keep only alignments, of either kind, whose likeliest has this segment."""
        if self.blank != NEVER and shared(self.closed[1], link) is not link:
            self.blank, self.closed = NEVER, _NO_CLOSED
        if self.sound != NEVER and shared(self.open[1], link) is not link:
            self.sound, self.open = NEVER, _NO_OPEN
        self.total = log_add(self.blank, self.sound)

    def settle(self, frame: int, offset: float) -> Link:
        """Find the likeliest alignment with the frames before `frame`, and its last segment.

        Args:
            frame: The next frame.
            offset: What log-probabilities are in relation to.
        """
        best, before, start_frame, log_prob = self.open
        if best > self.closed[0]:
            link = Link(before, self, start_frame, frame, log_prob, best + offset)
            self.settled = (best, link)
        else:
            self.settled = self.closed
        return self.settled[1]

    def leave(self, unit: int) -> tuple[float, Alignment]:
        """The alignments that a unit may follow: their sum, and the likeliest."""
        if unit == self.unit:  # without a blank between it would be a repeat
            return self.blank, self.closed
        return self.total, self.settled

    def stay(self, row: list[float], frame: int, offset: float) -> None:
        """Work out how this prefix goes on without growing, or grows out of its parent anew.

        Args:
            row: Log-posteriors of all V symbols in relation to the blank's.
            frame: Their number.
            offset: As for `settle`, which went before, here and in the parent.
        """
        here, sound, path = row[self.unit], self.sound, self.open
        if sound != NEVER:
            sound += here
            path = (path[0] + here, *path[1:])
        if self.parent is not None and self.parent.total != NEVER:
            before, (best, link) = self.parent.leave(self.unit)
            sound = log_add(sound, before + here)
            if best + here > path[0]:
                path = (best + here, link, frame, best + offset)
        self.coming = (log_add(self.total, sound), self.total, sound, self.settled, path)

    def enter(self, row: list[float], frame: int, offset: float) -> None:
        """Work out how this prefix, which is not in the beam, grows out of its parent.

        Args:
            row: As for `stay`.
            frame: As for `stay`.
            offset: As for `stay`.
        """
        assert self.parent is not None
        before, (best, link) = self.parent.leave(self.unit)
        sound, here = before + row[self.unit], row[self.unit]
        self.coming = (sound, NEVER, sound, _NO_CLOSED, (best + here, link, frame, best + offset))

    def advance(self, least: float) -> None:
        """Make true what `stay` or `enter` worked out.

        Args:
            least: A sum below this is not kept, if the other one is likelier.
        """
        self.total, self.blank, self.sound, self.closed, self.open = self.coming
        if self.sound < least and self.sound < self.blank:
            self.total, self.sound, self.open = self.blank, NEVER, _NO_OPEN
        elif self.blank < least and self.blank < self.sound:
            self.total, self.blank, self.closed = self.sound, NEVER, _NO_CLOSED
        self.settled = self.closed


def log_add(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    return a + math.log1p(math.exp(b - a)) if b != NEVER else a
