"""Intervals of figures whose mistakes cluster: whole speakers are drawn anew, not single words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

from speechrnn.evaluation.metrics import Interval, Rate

_DRAWS = 2000
_AT_ONCE = 100  # draws in memory


@dataclass(frozen=True)
class Ratio:
    """One sum over another.

    Attributes:
        part: What was counted.
        whole: What it is a share of.
        interval: At 95%; none where a single utterance or less was seen.
    """

    part: float
    whole: float
    interval: Interval | None

    @property
    def value(self) -> float | None:
        """The ratio; none of nothing. An error rate may be above 1."""
        return self.part / self.whole if self.whole else None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        low, high = self.interval or (None, None)
        return {
            "value": _rounded(self.value),
            "low": _rounded(low),
            "high": _rounded(high),
            "part": self.part,
            "whole": self.whole,
        }


class Bootstrap:
    """Draws speakers with replacement, as many as there are, and sees how figures vary.

    Where one person speaks all, utterances are drawn: the interval is about more utterances of
    that person then, and says nothing of others.

    Quantiles are taken further out the fewer speakers there are: expanded percentiles, Hesterberg
    2015, "What Teachers Should Know About the Bootstrap" (arXiv 1411.5279). Where speakers differ
    much, the intervals hold the true value less often than 95% all the same: in simulations 93%
    with eight speakers, 86% with five, 70% with three.

    Attributes:
        unit: What is drawn, "speakers" or "utterances".
        count: How many of these there are.
    """

    def __init__(self, speakers: Sequence[str], utterances: Sequence[int]) -> None:
        """Prepare the draws, which are always the same.

        Args:
            speakers: (N,) who spoke each of the things that are counted.
            utterances: (N,) in which utterance.
        """
        alone = len(set(speakers)) == 1
        self.unit = "utterances" if alone else "speakers"
        names, self._groups = np.unique(utterances if alone else speakers, return_inverse=True)
        self.count = len(names)

    def ratio(self, parts: Sequence[float], wholes: Sequence[float]) -> Ratio:
        """A ratio of sums with its interval.

        Where all draws agree, as where no mistake was made, they tell nothing: the interval is
        Wilson's then, as if all that was counted were independent.

        Args:
            parts: (N,) what is counted.
            wholes: (N,) of how much.
        """
        columns = np.stack([np.array(parts, float), np.array(wholes, float)], axis=1)
        part, whole = (column.item() for column in columns.sum(axis=0))
        if self.count < 2 or not whole:
            return Ratio(part, whole, None)
        drawn = self.draw(columns)
        drawn = drawn[drawn[:, 1] > 0]
        interval = self.interval(drawn[:, 0] / drawn[:, 1])
        if interval.low == interval.high and part <= whole:
            interval = Rate(round(part), round(whole)).interval
        return Ratio(part, whole, interval)

    def draw(self, columns: np.ndarray) -> np.ndarray:
        """Sums over all that each draw holds.

        Args:
            columns: (N, K) what is summed.

        Returns:
            (D, K) sums.
        """
        sums = np.zeros((self.count, columns.shape[1]))
        np.add.at(sums, self._groups, columns)
        random = np.random.default_rng(0)
        even = np.full(self.count, 1 / self.count)
        drawn = (
            random.multinomial(self.count, even, _AT_ONCE) @ sums for _ in range(_DRAWS // _AT_ONCE)
        )
        return np.concatenate(list(drawn))

    def interval(self, drawn: np.ndarray) -> Interval:
        """The quantiles of (D,) values that hold 95%; needs two speakers or utterances."""
        from scipy.stats import t

        reach = sqrt(self.count / (self.count - 1)) * float(t.ppf(0.975, self.count - 1))
        tail = NormalDist().cdf(-reach)
        low, high = np.quantile(drawn, [tail, 1 - tail]).tolist()
        return Interval(low, high)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
