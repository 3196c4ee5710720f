"""The highest of each of many groups of numbers, at once."""

from __future__ import annotations

import numpy as np


class Groups:
    """A fixed partition of n places into m groups, those of a group side by side."""

    def __init__(self, numbers: np.ndarray) -> None:
        """Take the (n,) number of the group of each place, from 0 to m-1 in order."""
        self._starts, counts = np.unique(numbers, return_index=True, return_counts=True)[1:]
        # Most have one member in a large grammar: only the others take work.
        self._several = np.flatnonzero(counts > 1)
        self._members = np.flatnonzero(counts[numbers] > 1)
        self._rows = np.repeat(np.arange(len(self._several)), counts[self._several])
        self._row_starts = np.searchsorted(self._rows, np.arange(len(self._several)))

    def highest(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The highest value of each group, and the first place where it stands.

        Args:
            values: (n,) numbers.

        Returns:
            Two (m,) arrays.
        """
        top, places = values.take(self._starts), self._starts.copy()
        if len(self._several):
            among = values.take(self._members)
            highest = np.maximum.reduceat(among, self._row_starts)
            found = (among == highest.take(self._rows)).nonzero()[0]
            first = found.take(found.searchsorted(self._row_starts))
            top[self._several] = highest
            places[self._several] = self._members.take(first)
        return top, places
