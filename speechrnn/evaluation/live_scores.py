"""Figures of a live trial: misses, false alarms an hour, delay."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from speechrnn.decoding.operating_point import OperatingPoint
from speechrnn.evaluation.alarms import AlarmRate
from speechrnn.evaluation.hearing import Heard
from speechrnn.evaluation.live_trial import LiveTrial, Part
from speechrnn.evaluation.matching import match
from speechrnn.evaluation.metrics import Confusion, Rate


@dataclass(frozen=True)
class Alarm:
    """A false alarm.

    Attributes:
        word: What fired.
        confidence: Its smoothed posterior.
        file: The recording in which it did, or after which, before the next one.
        time_s: Where, from the recording's beginning.
    """

    word: str
    confidence: float
    file: str
    time_s: float


@dataclass(frozen=True)
class AlarmRow:
    """False alarms of one part of the negatives.

    Attributes:
        name: The part's name.
        recordings: How many different ones it holds.
        repeats: How often each was heard, on average.
        rate: Alarms an hour.
        alarms: Each of them.
    """

    name: str
    recordings: int
    repeats: float
    rate: AlarmRate
    alarms: list[Alarm]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "recordings": self.recordings,
            "repeats": round(self.repeats, 2),
            **self.rate.as_dict(),
            "alarms": [asdict(alarm) for alarm in self.alarms],
        }


@dataclass(frozen=True)
class Delay:
    """What is heard beyond the end of a word's sound before it is reported.

    Attributes:
        median_s: Half of the words take no longer.
        high_s: 95% take no longer.
    """

    median_s: float
    high_s: float


@dataclass(frozen=True)
class LiveScores:
    """How a model does at an operating point.

    Attributes:
        misses: Share of each word's utterances that did not fire; words never said are left out.
        wrong: Said words for which another fired, most frequent first.
        extra: How often a word fired again, or where none was said, between the words.
        delay: Of the words that fired; none where none did.
        rows: False alarms by part of the negatives.
        word_alarms: False alarms of each word over all negatives; empty where there are none.
    """

    misses: dict[str, Rate]
    wrong: list[Confusion]
    extra: int
    delay: Delay | None
    rows: list[AlarmRow]
    word_alarms: dict[str, AlarmRate]

    @property
    def all_misses(self) -> Rate:
        """Share of all words' utterances that did not fire."""
        rates = self.misses.values()
        return Rate(sum(rate.hits for rate in rates), sum(rate.total for rate in rates))

    @property
    def num_alarms(self) -> int:
        """False alarms over all negatives."""
        return sum(len(row.alarms) for row in self.rows)

    @property
    def all_alarms(self) -> AlarmRate | None:
        """False alarms over all negatives; none where there are none."""
        if not self.rows:
            return None
        return AlarmRate(self.num_alarms, sum(row.rate.hours for row in self.rows))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        alarms = self.all_alarms
        return {
            "misses": miss_dict(self.all_misses),
            "words": {
                word: {
                    "misses": miss_dict(rate),
                    "false_alarms": self.word_alarms[word].as_dict() if alarms else None,
                }
                for word, rate in self.misses.items()
            },
            "wrong": [asdict(pair) for pair in self.wrong],
            "extra": self.extra,
            "delay": asdict(self.delay) if self.delay else None,
            "false_alarms": alarms.as_dict() if alarms else None,
            "negatives": [row.as_dict() for row in self.rows],
        }


def miss_dict(rate: Rate) -> dict[str, Any]:
    """A share of missed words as plain values for JSON."""
    plain = rate.as_dict()
    return {"missed": plain.pop("hits"), "said": plain.pop("total"), **plain}


def score_live(trial: LiveTrial, point: OperatingPoint) -> LiveScores:
    """Let the detector decide at an operating point and count."""
    words = trial.said.hearing.info.words
    matches = match(trial.said.placed, trial.said.hearing.words(point))
    said = Counter(placed.utterance.text for placed in trial.said.placed)
    missed = Counter(placed.utterance.text for placed in matches.missed)
    wrong = Counter((placed.utterance.text, heard.word) for placed, heard in matches.wrong)
    delays_s = matches.delays_s
    rows = [_row(part, part.hearing.words(point)) for part in trial.negatives]
    fired = Counter(alarm.word for row in rows for alarm in row.alarms)
    return LiveScores(
        misses={word: Rate(missed[word], said[word]) for word in words if said[word]},
        wrong=[Confusion(*pair, count) for pair, count in wrong.most_common()],
        extra=len(matches.extra),
        delay=Delay(*np.quantile(delays_s, (0.5, 0.95)).tolist()) if delays_s else None,
        rows=rows,
        word_alarms={word: AlarmRate(fired[word], trial.hours) for word in words if rows},
    )


def _row(part: Part, fired: Sequence[Heard]) -> AlarmRow:
    starts_s = [placed.start_s for placed in part.placed]
    alarms = []
    for heard in fired:
        placed = part.placed[max(0, bisect_right(starts_s, heard.time_s) - 1)]
        time_s = heard.time_s - placed.start_s + (placed.utterance.start_s or 0.0)
        file = str(placed.utterance.wav)
        alarms.append(Alarm(heard.word, round(heard.confidence, 4), file, round(time_s, 2)))
    recordings = len({placed.utterance.recording for placed in part.placed})
    repeats = len(part.placed) / recordings
    return AlarmRow(part.name, recordings, repeats, AlarmRate(len(alarms), part.hours), alarms)
