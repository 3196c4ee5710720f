"""`speechrnn diagnose`: pictures, figures and a summary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CONFIG = """
features: {sample_rate_hz: 8000, high_hz: 3800}
model: {hidden_size: 8, layers: 1}
training: {batch_size: 8, clip_norm: 0.01}
"""


def test_fresh_weights(speechrnn, tones: Path, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(CONFIG)
    out = tmp_path / "diagnosis"
    code, lines, errors = speechrnn(
        "diagnose", "--config", tmp_path / "run.yaml", "--set", "model.cell=rnn_tanh",
        "--data", tones / "train", "--out", out, "--clips", 8, "--steps", 3,
    )  # fmt: skip
    assert (code, errors) == (0, [])
    assert lines[0].startswith("rnn_tanh, 8 units, loss ")
    assert sum("layer 1 backward" in line for line in lines) == 2
    assert "100.0% above clip_norm 0.01" in lines[-2]
    facts = json.loads((out / "diagnosis.json").read_text())
    assert [row["name"] for row in facts["gradients"]] == ["layer 1 forward", "layer 1 backward"]
    assert len(facts["training"][0]["gradient_norms"]) == 3
    for name in ("gradients", "gates", "clipping"):
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give either --experiment, for trained weights, or --config, for fresh"),
        (["--experiment", "nowhere"], "nowhere/best.safetensors: no such checkpoint"),
        (["--experiment", "x", "--set", "model.cell=gru"], "--set and --lexicon are for --config"),
        (["--config", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
    ],
)
def test_faults_are_one_line(speechrnn, tones: Path, tmp_path: Path, options, message) -> None:
    data = ("--data", tones / "train", "--out", tmp_path / "out")
    code, _, errors = speechrnn("diagnose", *options, *data)
    assert code == 2 and len(errors) == 1 and message in errors[0]
    assert not (tmp_path / "out").exists()


def test_data_that_is_none(speechrnn, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(CONFIG)
    options = ("--config", tmp_path / "run.yaml", "--out", tmp_path / "out")
    code, _, errors = speechrnn("diagnose", *options, "--data", tmp_path / "nowhere")
    assert code == 2 and len(errors) == 1 and "nowhere" in errors[0]
