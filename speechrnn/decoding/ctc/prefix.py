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


class Prefix:
    """A sequence of units, as a node in a tree of them.

    All log-probabilities are of its alignments with the frames so far, and `NEVER` while the prefix
    is not in the beam.

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
        best_blank: The likeliest of the alignments in `blank`.
        link: Its last segment.
        best_sound: The likeliest of the alignments in `sound`; its last segment is not closed,
        origin: comes after this one,
        start_frame: began here,
        before: and had this log-probability till then.
        best: The likelier of the two, as of `settle`.
        settled: Its last segment.
        coming: What `advance` is about to make true.
    """

    __slots__ = (
        "before",
        "best",
        "best_blank",
        "best_sound",
        "blank",
        "children",
        "coming",
        "fused",
        "history",
        "link",
        "origin",
        "parent",
        "prior",
        "settled",
        "sound",
        "start_frame",
        "state",
        "total",
        "unit",
        "word",
    )

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
        self.start_frame = 0
        self.before = 0.0
        self.coming: tuple[Any, ...] = ()
        self.drop()

    def drop(self) -> None:
        """Leave the beam."""
        self.blank = self.sound = self.total = NEVER
        self.best_blank = self.best_sound = self.best = NEVER
        self.link: Link | None = None
        self.origin: Link | None = None
        self.settled: Link | None = None

    def release(self) -> None:
        """Leave the tree, with the ancestors that nothing needs any more."""
        prefix = self
        while prefix.parent is not None and not prefix.children and prefix.total == NEVER:
            parent = prefix.parent
            del parent.children[prefix.unit, prefix.word]
            prefix.parent = None
            prefix = parent

    def keep_after(self, link: Link) -> None:
        """Keep only those alignments, by their likeliest, that have this segment."""
        if self.link is not None and shared(self.link, link) is not link:
            self.blank = self.best_blank = NEVER
            self.link = None
        if self.origin is not None and shared(self.origin, link) is not link:
            self.sound = self.best_sound = NEVER
            self.origin = None
        self.total = log_add(self.blank, self.sound)

    def settle(self, frame: int, offset: float) -> Link:
        """Find the likeliest alignment with the frames before `frame`, and its last segment.

        Args:
            frame: The next frame.
            offset: Log-probability that all prefixes have beside their own.
        """
        if self.best_sound > self.best_blank:
            self.best = self.best_sound
            after = self.best + offset
            link = Link(self.origin, self, self.start_frame, frame, self.before, after)
        else:
            assert self.link is not None
            self.best, link = self.best_blank, self.link
        self.settled = link
        return link

    def stay(self, row: list[float], frame: int, offset: float) -> float:
        """Work out how this prefix goes on without growing, or grows out of its parent anew.

        Args:
            row: Log-posteriors of all V symbols.
            frame: Their number.
            offset: As for `settle`, which went before, here and in all of the beam.

        Returns:
            The new `total`.
        """
        here, blank = row[self.unit], self.total + row[0]
        sound, best_sound = self.sound + here, self.best_sound + here
        origin, start_frame, before = self.origin, self.start_frame, self.before
        parent = self.parent
        if parent is not None and parent.total != NEVER:
            total, best, link = parent.leave(self.unit)
            sound = log_add(sound, total + here)
            if best + here > best_sound:
                best_sound = best + here
                origin, start_frame, before = link, frame, best + offset
        total = log_add(blank, sound)
        sounding = (sound, best_sound, origin, start_frame, before)
        self.coming = (blank, self.best + row[0], self.settled, *sounding, total)
        return total

    def enter(self, row: list[float], frame: int, offset: float) -> None:
        """Work out how this prefix, which is not in the beam, grows out of its parent.

        Args:
            row: As for `stay`.
            frame: As for `stay`.
            offset: As for `stay`.
        """
        assert self.parent is not None
        total, best, link = self.parent.leave(self.unit)
        here = row[self.unit]
        sound = total + here
        sounding = (sound, best + here, link, frame, best + offset)
        self.coming = (NEVER, NEVER, None, *sounding, sound)

    def leave(self, unit: int) -> tuple[float, float, Link | None]:
        """The alignments that a unit may follow: sum, likeliest, and the latter's last segment."""
        if unit == self.unit:  # without a blank between it would be a repeat
            return self.blank, self.best_blank, self.link
        return self.total, self.best, self.settled

    def advance(self, least: float) -> None:
        """Make true what `stay` or `enter` worked out.

        Args:
            least: A sum below this is not kept, if the other one is likelier.
        """
        self.blank, self.best_blank, self.link, *sounding, self.total = self.coming
        self.sound, self.best_sound, self.origin, self.start_frame, self.before = sounding
        if self.sound < least and self.sound < self.blank:
            self.total = self.blank
            self.sound = self.best_sound = NEVER
            self.origin = None
        elif self.blank < least and self.blank < self.sound:
            self.total = self.sound
            self.blank = self.best_blank = NEVER
            self.link = None


def log_add(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    return a + math.log1p(math.exp(b - a)) if b != NEVER else a
