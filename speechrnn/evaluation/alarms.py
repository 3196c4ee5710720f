"""False alarms an hour: what was counted, and what the count allows to say."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any

from speechrnn.evaluation.metrics import Interval

_LEVEL = 0.95


@dataclass(frozen=True)
class AlarmRate:
    """Events counted over a time.

    Attributes:
        count: How many.
        hours: Over how long, more than 0.
    """

    count: int
    hours: float

    @property
    def per_hour(self) -> float:
        """Events an hour."""
        return self.count / self.hours

    @property
    def interval(self) -> Interval:
        """What rates an hour the count speaks for at 95%, if events come independently.

        Exact for a Poisson process: two-sided (Garwood 1936, doi:10.1093/biomet/28.3-4.437), but
        one-sided where nothing was counted, so that none in n hours means fewer than 3.0 / n.
        """
        if not self.count:
            return Interval(0.0, -log(1 - _LEVEL) / self.hours)
        from scipy.stats import chi2

        tail = (1 - _LEVEL) / 2
        low = float(chi2.ppf(tail, 2 * self.count)) / 2
        high = float(chi2.ppf(1 - tail, 2 * self.count + 2)) / 2
        return Interval(low / self.hours, high / self.hours)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "count": self.count,
            "hours": round(self.hours, 6),
            "per_hour": round(self.per_hour, 6),
            "low": round(self.interval.low, 6),
            "high": round(self.interval.high, 6),
        }


def silent_hours(per_hour: float) -> float:
    """Hours without any event that it takes to show a rate below `per_hour` at 95%."""
    return -log(1 - _LEVEL) / per_hour


def alarm_span(interval: Interval) -> str:
    """An interval of rates an hour: `< 2.7` or `0.6–8.0`."""
    if not interval.low:
        return f"< {short(interval.high)}"
    return f"{short(interval.low)}–{short(interval.high)}"


def short(value: float) -> str:
    """A rate or a number of hours: 0.04, 2.7."""
    return f"{value:.2f}" if value < 1 else f"{value:.1f}"
