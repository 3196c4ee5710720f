from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from speechrnn.decoding.operating_point import OperatingPoint, default_operating_point

POINT = OperatingPoint(
    source="both",
    smoothing_ms=80.0,
    refractory_ms=700.0,
    chunk_ms=80.0,
    look_ahead_ms=0.0,
    thresholds={"stop": 0.25, "größer": 0.75},
    calibration={"hours": 1.5, "false_alarms": {"stop": [0, 0, 2.0]}},
)


@pytest.mark.parametrize("point", [POINT, replace(POINT, calibration=None)])
def test_survives_json(point: OperatingPoint) -> None:
    assert OperatingPoint.from_metadata(json.loads(json.dumps(point.as_metadata()))) == point


@pytest.mark.parametrize("key", ["source", "smoothing_ms", "chunk_ms", "thresholds"])
def test_a_missing_field_is_an_error(key: str) -> None:
    tree = POINT.as_metadata()
    del tree[key]
    with pytest.raises(KeyError, match=key):
        OperatingPoint.from_metadata(tree)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("source", "pooled"),
        ("smoothing_ms", -1),
        ("refractory_ms", float("nan")),
        ("chunk_ms", float("inf")),
        ("chunk_ms", 1e9),
        ("look_ahead_ms", "far"),
        ("thresholds", {"stop": 0.0}),
        ("thresholds", {"stop": float("nan")}),
        ("thresholds", {"stop": None}),
        ("thresholds", 0.5),
        ("calibration", 3),
    ],
)
def test_nonsense_is_an_error(key: str, value: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        OperatingPoint.from_metadata({**POINT.as_metadata(), key: value})


def test_defaults_wait_for_the_future_only_where_the_network_hears_it() -> None:
    assert default_operating_point(["go"], True).look_ahead_ms == 160
    assert default_operating_point(["go"], True, bidirectional=False).look_ahead_ms == 0
    assert default_operating_point(["go"], False).calibration is None


def test_defaults_read_single_frames_only_where_they_were_trained() -> None:
    assert default_operating_point(["go", "no"], False).source == "clip"
    assert default_operating_point(["go", "no"], True).source == "both"
    assert default_operating_point(["go", "no"], True).thresholds == {"go": 0.5, "no": 0.5}
