"""Detection error trade-off: misses against false alarms an hour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from speechrnn.evaluation.thresholds import Peaks

_EDGE = 1e-7  # posteriors nearer to 0 and 1 count as this near


class DetCurve(NamedTuple):
    """Points of a DET curve, from none to many false alarms.

    Attributes:
        alarms_per_hour: (N,) false alarms of all words together.
        missed: (N,) share of the said words that were missed.
    """

    alarms_per_hour: np.ndarray
    missed: np.ndarray


def det_curve(
    peaks: Mapping[str, Peaks], thresholds: Mapping[str, float], hours: float
) -> DetCurve:
    """The curve through an operating point: all thresholds move by the same log-odds.

    Each word counts as if it had a detector of its own, so that the real one gives no more alarms.

    Args:
        peaks: Of each word.
        thresholds: Of each word.
        hours: Over which the peaks were collected where nothing was said.
    """
    above = {word: float(_log_odds(np.array(limit))) for word, limit in thresholds.items()}
    said = np.concatenate([_log_odds(its.said) - above[word] for word, its in peaks.items()])
    unsaid = np.concatenate([_log_odds(its.unsaid) - above[word] for word, its in peaks.items()])
    unsaid = -np.sort(-unsaid)  # with n alarms, all limits lie just above the n-th of these
    missed = np.searchsorted(np.sort(said), unsaid, side="right") / len(said)
    return DetCurve(np.arange(len(unsaid)) / hours, missed)


def _log_odds(probs: np.ndarray) -> np.ndarray:
    clipped = np.clip(probs.astype(np.float64), _EDGE, 1 - _EDGE)
    return np.log(clipped) - np.log1p(-clipped)
