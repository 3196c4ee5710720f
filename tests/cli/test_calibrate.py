from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from speechrnn.cli import main
from speechrnn.datadir import Utterance, read_datadir, write_datadir
from speechrnn.runtime.model_file import open_model

COMMAND = [sys.executable, "-m", "speechrnn.cli.main", "calibrate"]


@pytest.fixture
def model(tone_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(tone_model, tmp_path / "model.onnx"))


@pytest.fixture
def calibrate(monkeypatch, capsys, model: Path):
    """Run the command in this process; gives exit code, text out, lines err."""

    def run(*arguments: object) -> tuple[int, str, list[str]]:
        command = ["speechrnn", "calibrate", "--model", model, *arguments]
        monkeypatch.setattr(sys, "argv", [str(argument) for argument in command])
        with pytest.raises(SystemExit) as stop:
            main.run()
        printed = capsys.readouterr()
        return int(stop.value.code or 0), printed.out, printed.err.splitlines()

    return run


def test_thresholds_go_into_the_model_file(
    calibrate, model: Path, tone_words: Path, no_words: Path, tmp_path: Path
) -> None:
    out_dir = tmp_path / "report"
    code, out, err = calibrate(
        "--positives", tone_words, "--negatives", no_words, "--strung-hours", "0.02",
        "--false-alarms-per-hour", "0.5", "--chunk-ms", "80", "--look-ahead-ms", "40",
        "--out", out_dir,
    )  # fmt: skip
    assert (code, err) == (0, [])
    point = open_model(model)[1].operating_point
    assert (point.source, point.chunk_ms, point.look_ahead_ms) == ("clip", 80, 40)
    # A high tone among the negatives is as sure as any: the word can only be given up.
    assert point.thresholds["high"] > 1 > point.thresholds["low"] > 0.25
    facts = point.calibration
    assert facts["words"]["high"] == {
        "missed": 8, "said": 8, "share": 1.0, "low": pytest.approx(0.675592), "high": 1.0
    }  # fmt: skip
    assert facts["words"]["low"]["missed"] == facts["false_alarms"]["count"] == 0
    assert list(facts["negatives"]) == ["other words", no_words.name, "synthetic"]
    assert facts["false_alarms"]["high"] == pytest.approx(
        3.0 / facts["false_alarms"]["hours"], 0.01
    )
    assert {path.name for path in out_dir.iterdir()} == {"calibration.json", "det.png"}
    record = json.loads((out_dir / "calibration.json").read_text())
    assert record["thresholds"] == point.thresholds
    assert record["negatives"][0]["alarms"] == []
    (obstacle,) = record["obstacles"]
    assert (obstacle["word"], obstacle["without"]["missed"]) == ("high", 0)
    heading = "thresholds that a few recordings keep high: is the word said in them, or one much"
    (told,) = [block for block in out.split("\n\n") if block.startswith(heading)]
    assert told.splitlines()[1:3] == [
        "    high, of which 100% more would be heard without:",
        f"        {obstacle['files'][0]}",
    ]
    lines = out.splitlines()
    assert lines[0].startswith("missed 66.7% of 12 words (95% interval 39.1–86.2%); 0 false alarms")
    assert any(line.split()[:2] == ["low", f"{point.thresholds['low']:.3f}"] for line in lines)
    assert any(line.startswith("synthetic") and "72" not in line for line in lines)
    assert "cannot show 0.5 false alarms an hour: even none in them only means <" in out
    assert "it takes 6.0 h without any" in out
    assert lines[-1] == f"{model}: operating point written"


def test_a_budget_that_allows_the_alarm_spends_it(
    calibrate, model: Path, tone_words: Path, no_words: Path
) -> None:
    code, out, _ = calibrate(
        "--positives", tone_words, "--negatives", no_words, "--false-alarms-per-hour", "1000"
    )
    assert code == 0
    facts = open_model(model)[1].operating_point.calibration
    assert (facts["misses"]["missed"], facts["false_alarms"]["count"]) == (0, 1)
    assert f"    {no_words / 'deeper' / 'b.flac'}  0:00:0" in out
    assert "cannot show" not in out
    # Once more, from the point that the file now holds.
    assert calibrate("--positives", tone_words, "--negatives", no_words)[0] == 0
    assert open_model(model)[1].operating_point.calibration["budget_per_hour"] == 0.5


def test_unreadable_recordings_are_named_and_the_rest_counts(
    calibrate, model: Path, tone_words: Path, no_words: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(no_words, folder)
    (folder / "a.wav").write_text("no audio")
    code, out, err = calibrate("--positives", tone_words, "--negatives", folder)
    assert code == 2
    assert len(err) == 1 and err[0].startswith("speechrnn: left out: ") and "a.wav" in err[0]
    assert open_model(model)[1].operating_point is not None
    assert out.splitlines()[-1].endswith("operating point written")


def test_sentences_with_its_words_are_left_out_and_said(
    calibrate, tone_words: Path, no_words: Path, tmp_path: Path
) -> None:
    texts = {"ann-0": "a low voice", "ann-1": "nothing"}
    write_datadir(
        tmp_path / "data",
        [Utterance(name, no_words / "a.wav", "ann", text, name) for name, text in texts.items()],
    )
    code, _, err = calibrate("--positives", tone_words, "--negatives", tmp_path / "data")
    assert code == 0
    assert len(err) == 1 and "a word of the model is said in 1 of 2 utterances, left out" in err[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--positives", "gone", "--negatives", "NO"], "gone/wav.scp"),
        (["--positives", "WORDS", "--negatives", "gone"], "gone: no such folder"),
        (["--positives", "ONE", "--negatives", "gone"], "gone: no such folder"),
        (["--positives", "ONE"], "give recordings with --negatives"),
        (["--positives", "HUSH", "--negatives", "NO"], "none of the model's words is said there"),
        (["--positives", "WORDS", "--false-alarms-per-hour", "0"], "expected more than 0"),
        (["--positives", "WORDS", "--false-alarms-per-hour", "nan"], "expected more than 0"),
        (["--positives", "WORDS", "--strung-hours", "-1"], "expected 0 to 1000"),
        (["--positives", "WORDS", "--chunk-ms", "-1"], "chunk_ms is -1"),
        (["--negatives", "NO"], "Missing option '--positives'"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_changes_nothing(
    calibrate, model: Path, tone_words: Path, no_words: Path, tmp_path: Path, arguments, message
) -> None:
    utterances = read_datadir(tone_words)
    write_datadir(tmp_path / "one", utterances[:1])
    write_datadir(tmp_path / "hush", [u for u in utterances if u.text == "hush"])
    places = {
        "WORDS": tone_words,
        "NO": no_words,
        "ONE": tmp_path / "one",
        "HUSH": tmp_path / "hush",
    }
    before = model.read_bytes()
    code, out, err = calibrate(*(places.get(argument, argument) for argument in arguments))
    assert (code, out) == (2, "")
    assert len(err) == 1 and message in err[0]
    assert model.read_bytes() == before


def test_what_is_no_model(calibrate, model: Path, tone_words: Path) -> None:
    model.write_text("no model")
    code, _, err = calibrate("--positives", tone_words)
    assert code == 2 and len(err) == 1 and "not a model" in err[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_noticed_first(
    calibrate, model: Path, tone_words: Path
) -> None:
    model.parent.chmod(0o555)
    try:
        code, out, err = calibrate("--positives", tone_words)
    finally:
        model.parent.chmod(0o755)
    assert (code, out) == (2, "") and "cannot be written" in err[0]


def test_ctrl_c_leaves_the_model_as_it_was(
    model: Path, tone_words: Path, no_words: Path, tmp_path: Path
) -> None:
    before = model.read_bytes()
    recording = Path(shutil.copy(no_words / "a.wav", tmp_path / "last.wav"))
    write_datadir(tmp_path / "data", [Utterance("ann-0", recording, "ann", "hush", "ann-0")])
    recording.unlink()
    os.mkfifo(recording)  # on which the program waits until it is interrupted
    places = {"--model": model, "--positives": tone_words, "--negatives": tmp_path / "data"}
    process = subprocess.Popen(
        [*COMMAND, *(str(part) for pair in places.items() for part in pair)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with open(recording, "wb"):  # opens when the program does
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"speechrnn: interrupted\n")
    assert model.read_bytes() == before
    assert {path.suffix for path in model.parent.iterdir() if path.is_file()} == {".onnx"}
