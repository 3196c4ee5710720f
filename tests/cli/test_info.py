from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from speechrnn.cli import main


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
