"""Recordings for whose sake a word is missed often: is it said in them, or one much like it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np

from speechrnn.decoding.operating_point import OperatingPoint
from speechrnn.evaluation.calibration import peaks_where_said, smoothed
from speechrnn.evaluation.live_scores import miss_dict
from speechrnn.evaluation.live_trial import LiveTrial, Part
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.thresholds import Peaks

_MOST_FILES = 3
_LEAST_GAIN = 0.1  # of the times that the word was said


@dataclass(frozen=True)
class Obstacle:
    """What a word's threshold is kept high by.

    Attributes:
        word: The word.
        missed: At its threshold.
        without: Missed if the threshold only had to be above what the other negatives rise to.
        files: The recordings that rise to just below the threshold, highest first.
    """

    word: str
    missed: Rate
    without: Rate
    files: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "word": self.word,
            "missed": miss_dict(self.missed),
            "without": miss_dict(self.without),
            "files": self.files,
        }


def find_obstacles(trial: LiveTrial, point: OperatingPoint) -> list[Obstacle]:
    """Words of which a tenth and more is missed for the sake of at most three recordings.

    Args:
        trial: What the thresholds were found on.
        point: The operating point.
    """
    said = peaks_where_said(trial, point)
    files, heights = _heights(trial.negatives, point)
    found = []
    for column, word in enumerate(trial.said.hearing.info.words):
        threshold = point.thresholds[word]
        order = np.argsort(-heights[:, column], kind="stable")
        order = order[heights[order, column] < threshold]
        peaks = Peaks(np.array(said[word]), heights[order, column])
        missed, total = int((peaks.said < threshold).sum()), len(peaks.said)
        for count in range(1, min(_MOST_FILES, len(order) - 1) + 1):
            without = peaks.missed(count)
            if missed - without >= max(1, _LEAST_GAIN * total):
                its = [files[i] for i in order[:count]]
                found.append(Obstacle(word, Rate(missed, total), Rate(without, total), its))
                break
    return found


def _heights(parts: Sequence[Part], point: OperatingPoint) -> tuple[list[str], np.ndarray]:
    """The recordings of negatives, and (R, W) how high each word rose in each of them."""
    highest: dict[str, np.ndarray] = {}
    for part in parts:
        times_s, track = part.hearing.times_s, smoothed(part.hearing, point)
        starts = np.searchsorted(times_s, [placed.start_s for placed in part.placed])
        # What comes after a recording, before the next one, is its own.
        inside = starts < len(track)
        rows = np.maximum.reduceat(track, starts[inside])
        for placed, row in zip(compress(part.placed, inside), rows, strict=True):
            file = str(placed.utterance.wav)
            highest[file] = np.maximum(highest.get(file, row), row)
    return list(highest), np.stack(list(highest.values()))
