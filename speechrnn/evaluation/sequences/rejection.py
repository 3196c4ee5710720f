"""What rejection costs and what it buys: sentences lost against other speech accepted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from speechrnn.errors import DataError
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.sequences.intents import Understanding


@dataclass(frozen=True)
class RejectionPoint:
    """What a threshold does.

    Attributes:
        threshold: A sentence is accepted where its margin is as high.
        lost: Share of the sentences of the grammar that are rejected.
        accepted: Share of the other speech that is taken for a sentence.
    """

    threshold: float
    lost: Rate
    accepted: Rate

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "threshold": self.threshold,
            "lost": self.lost.as_dict(),
            "accepted": self.accepted.as_dict(),
        }


class RejectionCurve:
    """Every threshold on the margin, and what it does.

    Attributes:
        thresholds: (N,) ascending, from the lowest margin that any utterance has to the highest.
        lost: (N,) share of the sentences of the grammar that are rejected.
        accepted: (N,) share of the other speech that is accepted.
    """

    def __init__(self, understood: Sequence[Understanding]) -> None:
        """Gather the margins.

        Raises:
            DataError: There are no sentences of the grammar, or nothing else.
        """
        self._inside = np.sort([its.margin for its in understood if its.meant is not None])
        self._outside = np.sort([its.margin for its in understood if its.meant is None])
        if not len(self._inside) or not len(self._outside):
            raise DataError(
                f"rejection: {len(self._inside)} sentences of the grammar and "
                f"{len(self._outside)} stretches of other speech; give some of each"
            )
        margins = np.unique(np.concatenate([self._inside, self._outside]))
        self.thresholds = margins[margins > -math.inf]  # what has no sentence is never accepted
        self.lost = np.searchsorted(self._inside, self.thresholds) / len(self._inside)
        self.accepted = 1 - np.searchsorted(self._outside, self.thresholds) / len(self._outside)

    def at_threshold(self, threshold: float) -> RejectionPoint:
        """What one threshold does, as one found on other data."""
        outside = len(self._outside)
        return RejectionPoint(
            threshold,
            Rate(int(np.searchsorted(self._inside, threshold)), len(self._inside)),
            Rate(outside - int(np.searchsorted(self._outside, threshold)), outside),
        )

    def at_lost(self, share: float = 0.01) -> RejectionPoint | None:
        """The highest threshold that loses no more sentences; none where each loses more.

        It is chosen on the very utterances that it is judged by, which flatters it a little.
        """
        fitting = self.thresholds[self.lost <= share]
        return self.at_threshold(float(fitting[-1])) if len(fitting) else None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        point = self.at_lost()
        return {
            "at_1_percent_lost": point.as_dict() if point else None,
            "thresholds": self.thresholds.tolist(),
            "lost": self.lost.tolist(),
            "accepted": self.accepted.tolist(),
        }
