from __future__ import annotations

import pytest
from scipy.stats import poisson

from speechrnn.evaluation.alarms import AlarmRate, alarm_span, silent_hours


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        # Published two-sided limits, as in Garwood 1936.
        (1, 0.02532, 5.572),
        (2, 0.2422, 7.225),
        (5, 1.623, 11.668),
        (10, 4.795, 18.390),
        (20, 12.217, 30.888),
        (100, 81.364, 121.627),
    ],
)
def test_interval_is_that_of_the_tables(count: int, low: float, high: float) -> None:
    assert AlarmRate(count, 1.0).interval == pytest.approx((low, high), rel=5e-4)
    halved = AlarmRate(count, 2.0)
    assert halved.interval == pytest.approx((low / 2, high / 2), rel=5e-4)
    assert halved.per_hour == count / 2


@pytest.mark.parametrize("count", [1, 3, 40])
def test_each_bound_leaves_a_fortieth_outside(count: int) -> None:
    low, high = AlarmRate(count, 1.0).interval
    assert poisson.sf(count - 1, low) == pytest.approx(0.025, abs=1e-9)
    assert poisson.cdf(count, high) == pytest.approx(0.025, abs=1e-9)


def test_none_at_all_has_a_one_sided_bound() -> None:
    """The rule of three: none in 1.1 h still means fewer than 2.7 an hour."""
    interval = AlarmRate(0, 1.1).interval
    assert interval.low == 0
    assert poisson.cdf(0, interval.high * 1.1) == pytest.approx(0.05)
    assert alarm_span(interval) == "< 2.7"


def test_silence_that_shows_a_rate() -> None:
    assert silent_hours(0.5) == pytest.approx(5.99, abs=0.01)
    assert AlarmRate(0, silent_hours(0.5)).interval.high == pytest.approx(0.5)


def test_spans_keep_digits_where_they_tell() -> None:
    assert alarm_span(AlarmRate(5, 10.0).interval) == "0.16–1.2"
    assert alarm_span(AlarmRate(40, 2.0).interval) == "14.3–27.2"
    assert alarm_span(AlarmRate(0, 10.0).interval) == "< 0.30"


def test_plain_values() -> None:
    assert AlarmRate(5, 10.0).as_dict() == {
        "count": 5, "hours": 10.0, "per_hour": 0.5, "low": 0.162349, "high": 1.166833
    }  # fmt: skip
