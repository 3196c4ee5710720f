"""Thresholds of the words that miss least at a budget of false alarms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

_LEAST_BARRIER = 0.25
_NEVER = 1.01  # no posterior reaches it
_DIGITS = 9  # sums that are equal but for rounding are equal


@dataclass(frozen=True)
class Peaks:
    """How high the smoothed posterior of a word rose, all that its threshold depends on.

    Attributes:
        said: (N,) highest where the word was said, for each time it was.
        unsaid: (M,) separate peaks where it was not, highest first.
    """

    said: np.ndarray
    unsaid: np.ndarray

    def barrier(self, alarms: int) -> float:
        """What a threshold with so many alarms must be above."""
        highest = float(self.unsaid[alarms]) if alarms < len(self.unsaid) else 0.0
        return max(highest, _LEAST_BARRIER)

    def missed(self, alarms: int) -> int:
        """How often the word is missed with a threshold just above that."""
        return int((self.said <= self.barrier(alarms)).sum())


def separate_peaks(track: np.ndarray, distance: int) -> np.ndarray:
    """The peaks of a track that lie at least `distance` frames from every higher one.

    Args:
        track: (T,) values.
        distance: Frames.

    Returns:
        (M,) values, highest first.
    """
    left = np.concatenate([[-np.inf], track[:-1]])
    right = np.concatenate([track[1:], [-np.inf]])
    places = np.flatnonzero((track >= left) & (track > right))
    places = places[np.argsort(-track[places], kind="stable")]
    taken = np.zeros(len(track), bool)
    peaks = []
    for place in places.tolist():
        if not taken[place]:
            taken[max(0, place - distance + 1) : place + distance] = True
            peaks.append(track[place])
    return np.array(peaks)


class Allocation:
    """Deals a budget of false alarms out over words such that they miss least.

    What is least is the sum of the words' miss rates: each word counts the same, however often it
    was said. Found by dynamic programming over the words, for each budget up to a largest one. Of
    equals the one with the fewest alarms is taken.

    A word's threshold lies halfway between its highest peak that must not fire and the lowest of
    its said ones that does: just above that peak, each word would soon give one more alarm. The
    peak counts as at least 0.25: in little audio there may be none to keep clear of, and a
    threshold near zero would fire at the first chance.

    Attributes:
        miss_rates: (N,) their sum, for budgets of 0 to N - 1 alarms.
    """

    def __init__(self, peaks: Mapping[str, Peaks], most_alarms: int) -> None:
        """Find all.

        Args:
            peaks: Of each word.
            most_alarms: Largest budget; of no use beyond the peaks above 0.25.
        """
        self._peaks = peaks
        most_of = [int((its.unsaid > _LEAST_BARRIER).sum()) for its in peaks.values()]
        most = min(most_alarms, sum(most_of))
        self.miss_rates = np.zeros(most + 1)
        self._spent = np.zeros((len(peaks), most + 1), int)  # by the words so far, by budget
        for spent, its, its_most in zip(self._spent, peaks.values(), most_of, strict=True):
            before = self.miss_rates
            self.miss_rates = np.full(most + 1, np.inf)
            for alarms in range(min(most, its_most) + 1):
                rate = its.missed(alarms) / max(1, len(its.said))
                total = (before[: most + 1 - alarms] + rate).round(_DIGITS)
                fewer = total < self.miss_rates[alarms:]
                self.miss_rates[alarms:][fewer] = total[fewer]
                spent[alarms:][fewer] = alarms

    def thresholds(self, budget: int) -> dict[str, float]:
        """The threshold of each word; a budget beyond the largest one counts as that."""
        fewest = self.miss_rates[: budget + 1].min()
        left = int((self.miss_rates == fewest).argmax())
        thresholds = dict.fromkeys(self._peaks, _NEVER)
        for word, spent in reversed(list(zip(self._peaks, self._spent, strict=True))):
            thresholds[word] = _threshold(self._peaks[word], spent[left])
            left -= spent[left]
        return thresholds


def _threshold(peaks: Peaks, alarms: int) -> float:
    barrier = peaks.barrier(alarms)
    firing = peaks.said[peaks.said > barrier]
    return (barrier + (float(firing.min()) if len(firing) else _NEVER)) / 2
