from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from speechrnn.cli import main
from speechrnn.config import Config, parse_config
from speechrnn.datadir import Utterance, read_datadir, write_datadir
from speechrnn.decoding.operating_point import OperatingPoint
from speechrnn.models.command import CommandModel
from speechrnn.runtime.metadata import write_operating_point
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


def test_in_a_stream_words_alarms_and_delay_are_printed(
    evaluate, tone_model: Path, tone_words: Path, no_words: Path
) -> None:
    code, out, err = evaluate(
        "--stream", "--model", tone_model, "--data", tone_words, "--negatives", no_words,
        "--strung-hours", "0.02",
    )  # fmt: skip
    assert (code, err) == (0, [])
    lines = out.splitlines()
    assert lines[0].startswith("not calibrated")
    assert lines[1].startswith("missed 0.0% of 12 words (95% interval 0.0–24.2%)")
    assert "chunks of 160 ms, 160 ms of look-ahead" in lines[2]
    assert any(line.split()[:3] == ["high", "0.500", "0.0%"] for line in lines)
    assert "wrong words: none; fired besides: 0x" in lines
    # Half a tone is enough for this model.
    assert any(
        re.search(r"its report: median -0\.\d\d s, 95% at most -0\.", line) for line in lines
    )
    rows = {line.split()[0]: line for line in lines if re.search(r"\d\.\d\d +\d", line)}
    assert {"other", str(no_words), "synthetic", "all"} <= set(rows)
    [alarm] = [line for line in lines if line.startswith(f"    {no_words / 'deeper'}")][:1]
    assert re.search(r"b\.flac  0:00:0[12]\.\d\d +\d+\.\d%  high$", alarm)
    assert re.search(r"forced choice on 12 clips: .* in the stream .* 100\.0% cut out of it", out)


def test_a_stream_in_json_and_as_files(
    evaluate, tone_model: Path, tone_words: Path, no_words: Path, tmp_path: Path
) -> None:
    point = OperatingPoint("clip", 0.0, 300.0, 200.0, 0.0, {"high": 0.75, "low": 2.0})
    model = Path(shutil.copy(tone_model, tmp_path / "model.onnx"))
    write_operating_point(model, point)
    out_dir = tmp_path / "report"
    code, out, err = evaluate(
        "--stream", "--model", model, "--data", tone_words, "--negatives", no_words,
        "--look-ahead-ms", "80", "--json", "--out", out_dir,
    )  # fmt: skip
    assert (code, err) == (0, [])
    scores = json.loads(out)
    assert scores["calibrated"] is True
    assert scores["operating_point"] == replace(point, look_ahead_ms=80.0).as_metadata()
    assert scores["words"]["low"]["misses"]["missed"] == 4
    assert scores["words"]["high"]["misses"]["missed"] == 0
    assert [row["name"] for row in scores["negatives"]] == ["other words", str(no_words)]
    [alarm] = scores["negatives"][1]["alarms"]
    assert (alarm["word"], alarm["file"]) == ("high", str(no_words / "deeper" / "b.flac"))
    assert scores["forced_choice"]["cut"]["hits"] == 12
    assert {path.name for path in out_dir.iterdir()} == {"stream.json", "det.png"}
    assert json.loads((out_dir / "stream.json").read_text()) == scores


def test_a_stream_without_negatives_counts_misses_alone(
    evaluate, tone_model: Path, known, tmp_path: Path
) -> None:
    write_datadir(tmp_path / "data", known)
    out_dir = tmp_path / "report"
    code, out, err = evaluate(
        "--stream", "--model", tone_model, "--data", tmp_path / "data", "--out", out_dir
    )
    assert (code, err) == (0, [])
    # Two of the clips say something else than their texts.
    assert "missed 8.3% of 24 words" in out and "no negatives" in out
    assert re.search(r"wrong words: .*(low heard as high|high heard as low) 1x", out)
    assert [path.name for path in out_dir.iterdir()] == ["stream.json"]


def test_unreadable_audio_is_left_out_of_streams(
    evaluate, tone_model: Path, known, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    shutil.copy(known[2].wav, broken)
    write_datadir(tmp_path / "data", [replace(known[2], wav=broken), *known[3:]])
    broken.write_text("no audio")
    code, out, err = evaluate("--stream", "--model", tone_model, "--data", tmp_path / "data")
    assert code == 2
    assert len(err) == 1 and "broken.wav" in err[0] and "left out" in err[0]
    assert " of 21 words" in out


def test_options_of_streams_need_streams(evaluate, tone_model: Path, tones: Path) -> None:
    arguments = ("--model", tone_model, "--data", tones / "valid", "--chunk-ms", "80")
    code, out, err = evaluate(*arguments)
    assert (code, out) == (2, "") and len(err) == 1 and "add --stream" in err[0]


def test_streams_need_an_exported_model(evaluate, tones: Path, tmp_path: Path) -> None:
    code, _, err = evaluate("--stream", "--model", tmp_path, "--data", tones / "valid")
    assert code == 2
    assert len(err) == 1 and "is a folder; give an .onnx file" in err[0]
