from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from speechrnn.cli import main
from speechrnn.decoding.operating_point import OperatingPoint
from speechrnn.runtime.metadata import write_operating_point


def info(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["speechrnn", "info", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main.run()
    return int(stop.value.code or 0)


def test_says_what_is_inside(tone_model: Path, monkeypatch, capsys) -> None:
    assert info(monkeypatch, tone_model) == 0
    lines = {
        line.split("  ", 1)[0]: line.split("  ", 1)[-1].strip()
        for line in capsys.readouterr().out.splitlines()
    }
    assert lines["format version"] == "1"
    assert lines["labels"] == "3: high, low, _silence_"
    assert lines["sample rate"] == "16000 Hz"
    assert lines["longest clip"] == "1 s, 16000 samples"
    # Windows of 30 ms every 20 ms: 5 ms of context on each side.
    assert lines["frames"] == "one every 20 ms, each sees 30 ms"
    assert lines["latency"].startswith("25 ms")
    assert lines["states"] == "rnn_0 (B, 1)"
    assert lines["operating point"] == "not calibrated"


@pytest.fixture
def calibrated(tone_model: Path, tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(tone_model.read_bytes())
    point = OperatingPoint(
        source="both",
        smoothing_ms=80.0,
        refractory_ms=700.0,
        chunk_ms=150.0,
        look_ahead_ms=80.0,
        thresholds={"high": 0.25, "low": 0.75},
        calibration={"hours": 1.5, "alarms": {"high": 0, "low": 1}},
    )
    write_operating_point(path, point)
    return path


def test_says_when_a_stream_fires(calibrated: Path, monkeypatch, capsys) -> None:
    assert info(monkeypatch, calibrated) == 0
    lines = [line.split(None, 1) for line in capsys.readouterr().out.splitlines()]
    shown = {line[0]: line[1] for line in lines if len(line) == 2}
    assert shown["thresholds"] == "high 0.25, low 0.75"
    assert shown["posteriors"] == "both, averaged over 80 ms"
    assert shown["refractory"] == "700 ms"
    # Frames come every 20 ms and see 5 ms beyond themselves: chunks of 8, not of 7.5.
    assert shown["latency"].startswith("up to 245 ms: chunks of 160 ms, 80 ms of look-ahead")
    assert shown["hours"] == "1.5"
    assert shown["alarms"] == "high 0, low 1"


def test_json_tells_the_operating_point(calibrated: Path, monkeypatch, capsys) -> None:
    assert info(monkeypatch, calibrated, "--json") == 0
    point = json.loads(capsys.readouterr().out)["operating_point"]
    assert point["thresholds"] == {"high": 0.25, "low": 0.75}
    assert point["calibration"] == {"hours": 1.5, "alarms": {"high": 0, "low": 1}}


def test_json_is_one_object(tone_model: Path, monkeypatch, capsys) -> None:
    assert info(monkeypatch, tone_model, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["path"] == str(tone_model)
    assert facts["file_bytes"] == tone_model.stat().st_size
    assert facts["latency_ms"] == 25
    assert facts["grid"] == {"window_samples": 480, "hop_samples": 320}
    assert facts["provenance"] == {"created": "2025-01-31"}


def test_a_foreign_file_is_one_line(tmp_path: Path, monkeypatch, capsys) -> None:
    path = tmp_path / "x.onnx"
    path.write_text("no model")
    assert info(monkeypatch, path) == 2
    assert capsys.readouterr().err.count("\n") == 1
