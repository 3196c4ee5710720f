"""Accuracy of single-word recognition, with intervals, by word and by speaker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from statistics import NormalDist, mean, stdev
from typing import Any, NamedTuple

import numpy as np

from speechrnn.errors import DataError
from speechrnn.vocabulary import Vocabulary


class Interval(NamedTuple):
    """A range that holds the true value with 95% confidence."""

    low: float
    high: float


@dataclass(frozen=True)
class Rate:
    """A share that was counted."""

    hits: int
    total: int

    @property
    def share(self) -> float:
        """Hits over total; 0 where nothing was counted."""
        return self.hits / self.total if self.total else 0.0

    @property
    def interval(self) -> Interval:
        """Wilson's score interval at 95% (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
        if not self.total:
            return Interval(0.0, 1.0)
        z = NormalDist().inv_cdf(0.975)
        shrink = 1 + z * z / self.total
        centre = (self.share + z * z / (2 * self.total)) / shrink
        spread = self.share * (1 - self.share) / self.total + (z / (2 * self.total)) ** 2
        half = z * sqrt(spread) / shrink
        # At 0 and 1 rounding must not push the share out of its own interval.
        return Interval(
            min(self.share, max(0.0, centre - half)), max(self.share, min(1.0, centre + half))
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "share": round(self.share, 6),
            "low": round(self.interval.low, 6),
            "high": round(self.interval.high, 6),
            "hits": self.hits,
            "total": self.total,
        }


@dataclass(frozen=True)
class Mean:
    """A mean over independent values, with its interval where there are two or more."""

    value: float
    interval: Interval | None
    count: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        low, high = self.interval or (None, None)
        return {"value": self.value, "low": low, "high": high, "count": self.count}


@dataclass(frozen=True)
class Confusion:
    """How often one word was heard as another."""

    truth: str
    heard: str
    count: int


@dataclass(frozen=True)
class Scores:
    """How a recogniser did on a list of clips.

    Attributes:
        labels: All words, true or heard, in the recogniser's order.
        accuracy: Share of clips whose word was heard.
        recall: For each true word, the share of its clips that were heard as it.
        precision: For each heard word, the share of those that were it.
        speakers: Accuracy of each speaker.
        speaker_mean: Mean of the speakers' accuracies, each counting the same.
        confusion: (V, V) counts; rows are true words, columns what was heard.
    """

    labels: tuple[str, ...]
    accuracy: Rate
    recall: dict[str, Rate]
    precision: dict[str, Rate]
    speakers: dict[str, Rate]
    speaker_mean: Mean
    confusion: np.ndarray

    def confused_pairs(self, most: int = 10) -> list[Confusion]:
        """The pairs of true and heard word that were mixed up most, most frequent first."""
        pairs = [
            Confusion(self.labels[i], self.labels[j], int(self.confusion[i, j]))
            for i, j in np.argwhere(self.confusion)
            if i != j
        ]
        return sorted(pairs, key=lambda pair: -pair.count)[:most]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "accuracy": self.accuracy.as_dict(),
            "speaker_mean": self.speaker_mean.as_dict(),
            "words": {
                word: {
                    "recall": self.recall[word].as_dict(),
                    "precision": self.precision[word].as_dict(),
                }
                for word in self.labels
            },
            "speakers": {name: rate.as_dict() for name, rate in self.speakers.items()},
            "labels": list(self.labels),
            "confusion": self.confusion.tolist(),
            "confused_pairs": [asdict(pair) for pair in self.confused_pairs()],
        }


def score(
    references: Sequence[str],
    hypotheses: Sequence[str],
    speakers: Sequence[str],
    labels: Iterable[str] | None = None,
) -> Scores:
    """Compare what was said with what was heard.

    Args:
        references: (N) true words.
        hypotheses: (N) heard words.
        speakers: (N) who spoke.
        labels: Order of the words; sorted where not given.

    Raises:
        DataError: Nothing to score, or lists of different length.
    """
    if not references:
        raise DataError("evaluation: no clips to score; give a data directory with utterances")
    if not len(references) == len(hypotheses) == len(speakers):
        raise DataError(
            f"evaluation: {len(references)} true words, {len(hypotheses)} heard ones and "
            f"{len(speakers)} speakers; expected as many of each"
        )
    seen = {*references, *hypotheses}
    known = list(Vocabulary.of_words(seen) if labels is None else labels)
    order = [*known, *sorted(seen.difference(known))]
    place = {word: i for i, word in enumerate(order)}
    confusion = np.zeros((len(order), len(order)), np.int64)
    for truth, heard in zip(references, hypotheses, strict=True):
        confusion[place[truth], place[heard]] += 1
    right = confusion.diagonal().tolist()
    by_speaker = Counter(speakers)
    right_by_speaker = Counter(
        speaker
        for truth, heard, speaker in zip(references, hypotheses, speakers, strict=True)
        if truth == heard
    )
    rates = {name: Rate(right_by_speaker[name], by_speaker[name]) for name in sorted(by_speaker)}
    return Scores(
        labels=tuple(order),
        accuracy=Rate(sum(right), len(references)),
        recall=_rates(order, right, confusion.sum(axis=1).tolist()),
        precision=_rates(order, right, confusion.sum(axis=0).tolist()),
        speakers=rates,
        speaker_mean=mean_with_interval([rate.share for rate in rates.values()]),
        confusion=confusion,
    )


def mean_with_interval(values: Sequence[float]) -> Mean:
    """Mean and Student's t interval at 95%, as for the folds of leave-one-speaker-out.

    The interval speaks of speakers (or seeds) like these, not of more clips of the same ones. It
    may reach beyond 0 and 1 where the values are few.
    """
    average = mean(values)
    if len(values) < 2:
        return Mean(average, None, len(values))
    from scipy.stats import t

    half = float(t.ppf(0.975, len(values) - 1)) * stdev(values) / sqrt(len(values))
    return Mean(average, Interval(average - half, average + half), len(values))


def _rates(words: list[str], hits: list[int], totals: list[int]) -> dict[str, Rate]:
    return {word: Rate(*counts) for word, *counts in zip(words, hits, totals, strict=True)}
