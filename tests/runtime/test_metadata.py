from __future__ import annotations

import json
import os
import stat
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from speechrnn.decoding.acceptance import Acceptance
from speechrnn.decoding.confidence import ConfidenceMap
from speechrnn.decoding.operating_point import default_operating_point
from speechrnn.errors import ModelError
from speechrnn.runtime.metadata import write_confidence, write_operating_point
from speechrnn.runtime.model_file import METADATA_KEY, open_model, parse_metadata
from speechrnn.runtime.recognizer import load_model

POINT = replace(
    default_operating_point(("go", "no", "stop"), True),
    thresholds={"go": 0.25, "no": 0.5, "stop": 0.75},
    calibration={"hours": 1.1, "Wörter": ["go"]},
)


@pytest.fixture
def model(exported, tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(exported("keyword head")[1].read_bytes())
    return path


def metadata(path: Path) -> dict:
    [entry] = onnx.load(path).metadata_props
    assert entry.key == METADATA_KEY
    return json.loads(entry.value)


def test_a_point_is_read_back(model: Path) -> None:
    assert open_model(model)[1].operating_point is None
    write_operating_point(model, POINT)
    assert open_model(model)[1].operating_point == POINT
    write_operating_point(str(model), None)
    assert open_model(model)[1].operating_point is None


def test_nothing_else_changes(model: Path) -> None:
    before, facts = onnx.load(model), metadata(model)
    wave = np.random.default_rng(0).standard_normal(8000).astype(np.float32) * 0.01
    heard = load_model(model).clip_log_probs([wave])
    model.chmod(0o640)
    write_operating_point(model, replace(POINT, thresholds=dict.fromkeys(POINT.thresholds, 0.9)))
    write_operating_point(model, POINT)  # twice: replaced, not appended
    after = onnx.load(model)
    onnx.checker.check_model(after, full_check=True)
    assert after.graph.SerializeToString() == before.graph.SerializeToString()
    for entry, old in zip(after.metadata_props, before.metadata_props, strict=True):
        entry.value = old.value
    assert after.SerializeToString() == before.SerializeToString()
    assert metadata(model) == {**facts, "operating_point": POINT.as_metadata()}
    np.testing.assert_array_equal(load_model(model).clip_log_probs([wave]), heard)
    assert stat.S_IMODE(model.stat().st_mode) == 0o640
    assert os.listdir(model.parent) == ["model.onnx"]


def test_a_link_stays_a_link(model: Path) -> None:
    link = model.with_name("link.onnx")
    link.symlink_to(model.name)
    write_operating_point(link, POINT)
    assert link.is_symlink()
    assert open_model(model)[1].operating_point == POINT


def check_refusal(model: Path, message: str, point=POINT) -> None:
    before = model.read_bytes()
    with pytest.raises(ModelError, match=message) as fault:
        write_operating_point(model, point)
    assert "\n" not in str(fault.value)
    assert model.read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(model: Path) -> None:
    model.parent.chmod(0o555)
    try:
        check_refusal(model, r"model\.onnx: cannot be written")
    finally:
        model.parent.chmod(0o755)


def test_a_name_that_is_taken(model: Path) -> None:
    model.with_name("model.onnx.part").mkdir()
    check_refusal(model, r"model\.onnx: cannot be written")


def test_a_disk_that_fills_up(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    check_refusal(model, "No space left on device")
    assert os.listdir(model.parent) == ["model.onnx"]


def test_a_word_without_a_threshold(model: Path) -> None:
    point = replace(POINT, thresholds={"go": 0.5, "no": 0.5})
    check_refusal(model, "no threshold for stop", point)


def test_a_foreign_file(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"text")
    check_refusal(path, "not a model that can be run")


def test_without_onnx(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    check_refusal(model, r"pip install 'speechrnn\[calibrate\]'")


MAP = ConfidenceMap(0.5, -0.25, {"words": 7})
ACCEPTANCES = {"d1": Acceptance(-0.5, {"name": "pin.txt"}), "d2": Acceptance(0.125, {})}


def test_what_makes_confidences_probabilities_is_read_back(model: Path) -> None:
    info = open_model(model)[1]
    assert info.confidence_map is None and info.acceptances == {}  # an older file says nothing
    write_operating_point(model, POINT)
    write_confidence(model, MAP, ACCEPTANCES)
    info = open_model(model)[1]
    assert (info.confidence_map, info.acceptances) == (MAP, ACCEPTANCES)
    assert info.operating_point == POINT
    write_confidence(model, None, {})
    info = open_model(model)[1]
    assert info.confidence_map is None and info.acceptances == {}


def test_a_damaged_map_is_named(model: Path) -> None:
    tree = {**metadata(model), "confidence_map": {**MAP.as_metadata(), "kind": "spline"}}
    with pytest.raises(ModelError, match="kind is 'spline', expected 'logistic'"):
        parse_metadata(json.dumps(tree), model, 1)
