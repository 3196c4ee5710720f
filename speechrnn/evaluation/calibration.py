"""The operating point that misses least at a budget of false alarms an hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from math import floor
from pathlib import Path
from typing import Any

import numpy as np

from speechrnn.decoding.detector import KeywordDetector
from speechrnn.decoding.operating_point import OperatingPoint
from speechrnn.errors import DataError
from speechrnn.evaluation.det import DetCurve
from speechrnn.evaluation.hearing import Hearing
from speechrnn.evaluation.live_scores import AlarmRow, LiveScores, miss_dict, score_live
from speechrnn.evaluation.live_trial import LiveTrial
from speechrnn.evaluation.matching import TOLERANCE_S
from speechrnn.evaluation.thresholds import Allocation, Peaks, separate_peaks

_CURVE = 10  # budgets that the DET curve reaches to
_SHORTEST_CURVE = 20  # alarms


@dataclass(frozen=True)
class Calibration:
    """What was found.

    Attributes:
        point: The operating point.
        scores: What the detector does there.
        curve: Misses against false alarms, each point with thresholds for its own budget.
    """

    point: OperatingPoint
    scores: LiveScores
    curve: DetCurve


def calibrate(trial: LiveTrial, point: OperatingPoint, alarms_per_hour: float) -> Calibration:
    """Find thresholds, and the source of posteriors that does best with them.

    Thresholds come from the peaks of smoothed posteriors (`speechrnn.evaluation.thresholds`), as
    if each word had a detector of its own. The figures are those of the real detector; should it
    give more alarms than the budget allows, thresholds for a smaller one are taken.

    Args:
        trial: With the tracks of the sources to compare; of equals the first is taken.
        point: Smoothing, refractory time and latency.
        alarms_per_hour: Budget of false alarms of all words together, over all negatives.

    Raises:
        DataError: There are no negatives.
    """
    if not trial.negatives:
        raise DataError(
            "calibration: nothing to count false alarms on; give recordings with --negatives"
        )
    budget = floor(alarms_per_hour * trial.hours + 1e-9)
    sources = trial.said.hearing.tracks
    found = [_calibrated(trial, replace(point, source=source), budget) for source in sources]
    return min(found, key=_badness)


def _badness(found: Calibration) -> tuple[float, int]:
    rates = found.scores.misses.values()
    return round(sum(rate.share for rate in rates), 9), found.scores.num_alarms


def _calibrated(trial: LiveTrial, point: OperatingPoint, budget: int) -> Calibration:
    peaks = word_peaks(trial, point)
    allocation = Allocation(peaks, max(_CURVE * budget, _SHORTEST_CURVE))
    allowed = budget
    while True:
        point = replace(point, thresholds=allocation.thresholds(allowed))
        scores = score_live(trial, point)
        excess = scores.num_alarms - budget
        if excess <= 0 or not allowed:
            break
        allowed = max(0, min(allowed, len(allocation.miss_rates) - 1) - excess)
    return Calibration(point, scores, _best_curve(peaks, allocation, trial.hours))


def _best_curve(peaks: Mapping[str, Peaks], allocation: Allocation, hours: float) -> DetCurve:
    """Each point with thresholds for its own budget."""
    budgets = range(len(allocation.miss_rates))
    missed = [
        sum(int((peaks[word].said < limit).sum()) for word, limit in thresholds.items())
        for thresholds in map(allocation.thresholds, budgets)
    ]
    said = sum(len(its.said) for its in peaks.values())
    return DetCurve(np.array(budgets) / hours, np.array(missed) / said)


def word_peaks(trial: LiveTrial, point: OperatingPoint) -> dict[str, Peaks]:
    """How high the smoothed posterior of each word rose where it was said, and in the negatives."""
    info = trial.said.hearing.info
    said = peaks_where_said(trial, point)
    clip_frames = round(info.clip_ms / info.hop_ms)  # a pooling head hears a sound for so long
    tracks = [smoothed(part.hearing, point) for part in trial.negatives]
    peaks = {}
    for column, word in enumerate(info.words):
        unsaid = np.concatenate([separate_peaks(track[:, column], clip_frames) for track in tracks])
        peaks[word] = Peaks(np.array(said[word]), -np.sort(-unsaid))
    return peaks


def peaks_where_said(trial: LiveTrial, point: OperatingPoint) -> dict[str, list[float]]:
    """How high each word rose where it was said, by the rule of `speechrnn.evaluation.matching`."""
    hearing = trial.said.hearing
    track = smoothed(hearing, point)
    times_s, emitted_s = hearing.times_s, hearing.emitted_s
    peaks: dict[str, list[float]] = {word: [] for word in hearing.info.words}
    for placed in trial.said.placed:
        first = np.searchsorted(emitted_s, placed.sound_start_s)
        last = np.searchsorted(times_s, placed.sound_end_s + TOLERANCE_S, side="right")
        word = placed.utterance.text
        heard = track[first:last, hearing.info.words.index(word)]
        peaks[word].append(float(heard.max(initial=0.0)))
    return peaks


def smoothed(hearing: Hearing, point: OperatingPoint) -> np.ndarray:
    """(T, W) posteriors as the detector averages them."""
    info = hearing.info
    detector = KeywordDetector(point, info.words, info.hop_ms, info.clip_ms)
    return detector.smooth(hearing.tracks[point.source])


def calibration_facts(scores: LiveScores, alarms_per_hour: float, on: date) -> dict[str, Any]:
    """What a model file says about its calibration, as plain values for JSON.

    Args:
        scores: At the operating point.
        alarms_per_hour: The budget.
        on: Day of the calibration.
    """
    alarms = scores.all_alarms
    return {
        "date": on.isoformat(),
        "budget_per_hour": alarms_per_hour,
        "misses": miss_dict(scores.all_misses),
        "words": {word: miss_dict(rate) for word, rate in scores.misses.items()},
        "false_alarms": alarms.as_dict() if alarms else None,
        "negatives": _named_rates(scores.rows),
        "delay": asdict(scores.delay) if scores.delay else None,
    }


def _named_rates(rows: Sequence[AlarmRow]) -> dict[str, dict[str, Any]]:
    """By the folders' own names: where they lie is nobody's business."""
    rates: dict[str, dict[str, Any]] = {}
    for row in rows:
        name = Path(row.name).name
        rates[name if name not in rates else f"{name} {len(rates)}"] = row.rate.as_dict()
    return rates
