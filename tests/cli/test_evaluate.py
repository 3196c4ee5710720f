from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from speechrnn.cli import main
from speechrnn.config import Config, parse_config
from speechrnn.datadir import Utterance, read_datadir, write_datadir
from speechrnn.models.command import CommandModel
from speechrnn.training.checkpoint import Checkpoint, write_checkpoint
from speechrnn.vocabulary import Vocabulary


@pytest.fixture
def evaluate(monkeypatch, capsys):
    """Run the command in this process; gives exit code, text out, lines err."""

    def run(*arguments: str | Path) -> tuple[int, str, list[str]]:
        monkeypatch.setattr(sys, "argv", ["speechrnn", "evaluate", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main.run()
        printed = capsys.readouterr()
        return int(stop.value.code or 0), printed.out, printed.err.splitlines()

    return run


@pytest.fixture(scope="module")
def known(tones: Path) -> list[Utterance]:
    """Utterances whose words the tone model knows; two of the 24 are said to be the other word."""
    utterances = [u for u in read_datadir(tones / "train") if u.text != "mid"]
    swap = {"low": "high", "high": "low"}
    return [replace(u, text=swap[u.text]) if i in (0, 5) else u for i, u in enumerate(utterances)]


def test_prints_accuracy_words_speakers_and_confusions(
    evaluate, tone_model: Path, known, tmp_path: Path
) -> None:
    write_datadir(tmp_path / "data", known)
    code, out, err = evaluate("--model", tone_model, "--data", tmp_path / "data")
    assert (code, err) == (0, [])
    assert "accuracy 91.7% (95% interval 74.2–97.7%)" in out  # Wilson, 22 of 24
    assert "22 of 24 clips heard right" in out
    assert "mean over 3 speakers 91.7%" in out
    for name in ("high", "low", "ann", "bob", "cid"):
        assert sum(line.startswith(name) for line in out.splitlines()) == 1
    assert "heard as" in out


def test_json_is_one_object(evaluate, tone_model: Path, known, tmp_path: Path) -> None:
    write_datadir(tmp_path / "data", known)
    code, out, _ = evaluate("--model", tone_model, "--data", tmp_path / "data", "--json")
    assert code == 0
    scores = json.loads(out)
    assert (scores["accuracy"]["hits"], scores["accuracy"]["total"]) == (22, 24)
    assert scores["model"] == str(tone_model)
    assert set(scores["speakers"]) == {"ann", "bob", "cid"}


def test_out_holds_the_report(evaluate, tone_model: Path, known, tmp_path: Path) -> None:
    write_datadir(tmp_path / "data", known)
    out_dir = tmp_path / "report"
    code, _, _ = evaluate("--model", tone_model, "--data", tmp_path / "data", "--out", out_dir)
    assert code == 0
    assert {path.name for path in out_dir.iterdir()} == {
        "report.html", "scores.json", "confusion.png", "speakers.png"
    }  # fmt: skip
    assert (out_dir / "report.html").read_text().count("<audio") == 2


def test_unreadable_audio_is_named_left_out_and_counted(
    evaluate, tone_model: Path, known, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    shutil.copy(known[2].wav, broken)
    write_datadir(tmp_path / "data", [replace(known[2], wav=broken), *known[3:]])
    broken.write_text("no audio")
    code, out, err = evaluate("--model", tone_model, "--data", tmp_path / "data")
    assert code == 2
    assert len(err) == 1 and "broken.wav" in err[0] and "left out" in err[0]
    assert "20 of 21 clips heard right, 1 more left out as unreadable" in out


def test_words_that_the_model_lacks_are_named(evaluate, tone_model: Path, tones: Path) -> None:
    code, out, err = evaluate("--model", tone_model, "--data", tones / "train")
    assert (code, out) == (2, "")
    assert len(err) == 1 and "does not know 'mid'" in err[0]


def test_an_experiment_is_evaluated_as_it_is(evaluate, tones: Path, tmp_path: Path) -> None:
    config = {"features": {"sample_rate_hz": 8000, "high_hz": 3800.0}, "model": {"hidden_size": 4}}
    settings: Config = parse_config(config, "test")
    torch.manual_seed(0)
    model = CommandModel(settings, Vocabulary(["low", "_unknown_"]))
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    facts = {"config": settings.model_dump(mode="json"), "labels": ["low", "_unknown_"]}
    write_checkpoint(tmp_path / "exp" / "best.safetensors", Checkpoint(tensors, facts))
    code, out, err = evaluate("--model", tmp_path / "exp", "--data", tones / "valid", "--json")
    assert (code, err) == (0, [])
    scores = json.loads(out)
    # Four clips each of low, mid and high: the latter two are unknown to this model.
    assert scores["words"]["_unknown_"]["recall"]["total"] == 8
    assert scores["parameters"] == str(model.num_parameters)
    code, _, err = evaluate("--model", tmp_path, "--data", tones / "valid")
    assert code == 2 and "no such checkpoint" in err[0]
