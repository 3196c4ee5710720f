"""The words of all paths under way, sharing what they have in common."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_FRAMES = 64  # entries of at least so many frames find room


class Entry(NamedTuple):
    """A word of a path.

    Attributes:
        word: Its number.
        start_frame: First frame.
        end_frame: One past the last.
        before: Log-probability of the path up to the first frame.
        after: The same including the last.
    """

    word: int
    start_frame: int
    end_frame: int
    before: float
    after: float


class History:
    """Entries, each linked to the one before it on its path.

    What no path needs any more is dropped now and then: memory grows with the paths, not with time.
    """

    def __init__(self, count: int) -> None:
        """Start without entries.

        Args:
            count: Entries a frame.
        """
        self._count = count
        self._size = 0
        self._make_room(count * _FRAMES)

    def clear(self) -> None:
        """Drop all entries."""
        self._make_room(self._count * _FRAMES)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for those of one more frame."""
        return self._size + self._count > len(self._links)

    def extend(self, links: np.ndarray, *entries: np.ndarray | int) -> int:
        """Add the entries of a frame, for which there must be room.

        Args:
            links: (count,) number of the entry before each, 0 for none.
            entries: (count,) values for each field of `Entry`, or one for all.

        Returns:
            Number of the first of them.
        """
        first, self._size = self._size, self._size + self._count
        self._links[first : self._size] = links
        for row, values in zip(self._entries, entries, strict=True):
            row[first : self._size] = values
        return first

    def collect(self, live: np.ndarray) -> np.ndarray:
        """Drop what does not lead to entries that are needed.

        Args:
            live: Numbers of these, 0 for none.

        Returns:
            Their new numbers.
        """
        keep = np.zeros(self._size, bool)
        keep[0] = True
        found = np.unique(live)
        while len(found := found[~keep[found]]):
            keep[found] = True
            found = np.unique(self._links[found])
        numbers = np.cumsum(keep) - 1
        links, entries = numbers[self._links[: self._size][keep]], self._entries[:, : self._size]
        self._make_room(2 * len(links) + self._count * _FRAMES)
        self._size = len(links)
        self._links[: self._size], self._entries[:, : self._size] = links, entries[:, keep]
        return numbers[live]

    def trace(self, number: int) -> list[Entry]:
        """The entries up to this one, the first one first; none for 0."""
        found = []
        while number:
            word, start, end, before, after = self._entries[:, number].tolist()
            found.append(Entry(int(word), int(start), int(end), before, after))
            number = int(self._links[number])
        return found[::-1]

    def _make_room(self, room: int) -> None:
        self._links = np.zeros(1 + room, np.intp)
        self._entries = np.zeros((len(Entry._fields), 1 + room))
        self._size = 1  # number 0 is no entry
