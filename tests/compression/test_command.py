"""`speechrnn compress`, and what can be done with the experiments that it leaves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from speechrnn.cli import main

CONFIG = {
    "clip_ms": 800,
    "features": {"sample_rate_hz": 8000, "high_hz": 3800, "n_mels": 20, "kind": "logmel"},
    "model": {
        "hidden_size": 16,
        "convolutions": [{"channels": 12, "kernel": 3, "stride": 2}],
        "pooling": "attention",
    },
    "training": {"epochs": 8, "batch_size": 8, "learning_rate": 0.01},
}


@pytest.fixture
def speechrnn(monkeypatch, capsys):
    """Run a command line; gives its exit code, what it printed and its complaints."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["speechrnn", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main.run()
        return (end.value.code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def experiment(tones, tmp_path_factory):
    """Trained on tones."""
    from speechrnn.cli.train import train

    root = tmp_path_factory.mktemp("whole")
    (root / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    train(root / "config.yaml", [tones / "train"], root / "exp", valid=[tones / "valid"], set_=[])
    return root / "exp"


def accuracy(speechrnn, model: Path, tones: Path) -> float:
    code, printed, _ = speechrnn("evaluate", "--model", model, "--data", tones / "valid", "--json")
    assert code == 0
    return yaml.safe_load(printed)["accuracy"]["share"]


def test_smaller_healed_exported_and_as_good(speechrnn, experiment, tones, tmp_path) -> None:
    small, healed = tmp_path / "small", tmp_path / "healed"
    words = ("--prune-units", "0.5", "--prune-channels", "0.25", "--rank", "6")
    command = ("compress", "--experiment", experiment, "--out", small, *words)
    code, printed, _ = speechrnn(*command, "--data", tones / "train")
    assert code == 0
    assert "units 16 to 8, by what they do to the loss" in printed
    assert "channels 12 to 9, by what they do to the loss" in printed
    assert "input matrices of rank 6" in printed
    assert "parameters before" in printed
    code, _, said = speechrnn(
        "train", "--start", small, "--config", small / "config.yaml", "--train", tones / "train",
        "--valid", tones / "valid", "--out", healed, "--set", "training.epochs=6",
        "--set", "training.sparsity=0.5",
    )  # fmt: skip
    assert code == 0, said
    assert accuracy(speechrnn, healed, tones) == 1
    code, printed, _ = speechrnn("export", "--experiment", healed, "--out", tmp_path / "m.onnx")
    assert code == 0
    code, printed, _ = speechrnn("info", tmp_path / "m.onnx")
    assert "units 16 to 8, by what they do to the loss" in printed
    assert "channels 12 to 9" in printed
    assert "50% of each matrix zero" in printed
    assert accuracy(speechrnn, tmp_path / "m.onnx", tones) == 1


def test_what_cannot_be_read_is_said(speechrnn, experiment, partly_unreadable, tmp_path) -> None:
    command = ("compress", "--experiment", experiment, "--out", tmp_path / "small")
    code, printed, said = speechrnn(*command, "--prune-units", "0.1", "--data", partly_unreadable)
    assert code == 0 and "to the loss on" in printed
    assert "left out: " in said and "broken.wav" in said


def test_what_comes_out_is_an_experiment(speechrnn, experiment, tones, tmp_path) -> None:
    """Unhealed: nearly nothing is removed, so it still hears the tones."""
    code, printed, _ = speechrnn(
        "compress", "--experiment", experiment, "--out", tmp_path / "small",
        "--prune-units", "0.1",
    )  # fmt: skip
    assert code == 0
    assert "units 16 to 14, by magnitude" in printed
    assert accuracy(speechrnn, tmp_path / "small", tones) > 0.6
    again = ("compress", "--experiment", tmp_path / "small", "--rank", "9")
    code, printed, _ = speechrnn(*again, "--out", tmp_path / "smaller")
    assert code == 0 and "units" not in printed
    speechrnn("export", "--experiment", tmp_path / "smaller", "--out", tmp_path / "m.onnx")
    code, printed, _ = speechrnn("info", tmp_path / "m.onnx")
    assert "by magnitude, input matrices of rank 9" in printed
    assert [line.split() for line in printed.splitlines()][-1] == ["metrics", "none"]
    code, _, said = speechrnn(*again, "--out", tmp_path / "smaller")
    assert code == 2 and "holds an experiment already" in said


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "nothing to do; pass --prune-units, --prune-channels or --rank"),
        (("--prune-units", "1.5"), "Invalid value for '--prune-units'"),
        (("--rank", "0"), "Invalid value for '--rank'"),
        (("--rank", "4", "--data", "nowhere"), "nowhere"),
    ],
)
def test_wrong_words(words, complaint, speechrnn, experiment, tmp_path) -> None:
    out = tmp_path / "small"
    code, _, said = speechrnn("compress", "--experiment", experiment, "--out", out, *words)
    assert code == 2 and complaint in said and said.count("\n") == 1
    assert not out.exists()


def test_no_experiment(speechrnn, tmp_path) -> None:
    words = ("--out", tmp_path / "small", "--rank", "4")
    code, _, said = speechrnn("compress", "--experiment", tmp_path, *words)
    assert code == 2 and "no such checkpoint" in said
