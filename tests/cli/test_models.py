"""`speechrnn models`, and the commands that take a packaged model by its name."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from speechrnn.datadir import read_datadir, write_datadir
from speechrnn.decoding.operating_point import default_operating_point
from speechrnn.runtime import packaged
from speechrnn.runtime.metadata import write_operating_point

CARD = """---
accuracy: 97.0% of 900 clips
live: misses 3.0%, 0.5 false alarms an hour
license: CC-BY-SA-4.0
---

# tones

| word | accuracy |
| --- | --- |
| high | 97.0% |
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, tone_model: Path, monkeypatch) -> Path:
    """Models "commands" and "tones" as if they came with the package; "tones" is calibrated."""
    folder = tmp_path / "packaged"
    folder.mkdir()
    for name in ("commands", "tones"):
        shutil.copy(tone_model, folder / f"{name}.onnx")
        (folder / f"{name}.md").write_text(CARD)
    point = default_operating_point(("high", "low"), has_keyword_head=False)
    write_operating_point(folder / "tones.onnx", point)
    monkeypatch.setattr(packaged, "FOLDER", folder)
    monkeypatch.setenv("COLUMNS", "80")
    return folder


def test_the_list_tells_what_to_choose_by(speechrnn) -> None:
    code, out, err = speechrnn("models")
    assert (code, err) == (0, [])
    assert max(map(len, out)) <= 80
    commands, tones = "\n".join(out).split("tones\n")
    assert commands.startswith("commands\n")
    assert "not calibrated" in commands
    for fact in ("high low", "0.00 MB", "16000 Hz", "97.0% of 900 clips", "CC-BY-SA-4.0"):
        assert fact in commands and fact in tones
    told = " ".join(tones.split())
    assert "live misses 3.0%, 0.5 false alarms an hour; up to 325 ms late" in told


def test_an_empty_list_says_so(speechrnn, folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    assert speechrnn("models") == (0, ["none came with this installation"], [])


def test_a_card_goes_into_a_pipe_as_it_is(speechrnn) -> None:
    code, out, err = speechrnn("models", "tones")
    assert (code, err) == (0, [])
    assert out == CARD.split("---\n\n", 1)[1].splitlines()


def test_a_terminal_shows_a_card_laid_out(folder: Path) -> None:
    code = (
        "from pathlib import Path; from speechrnn.runtime import packaged\n"
        f"packaged.FOLDER = Path({str(folder)!r})\n"
        "from speechrnn.cli.main import run; run()"
    )
    master, terminal = pty.openpty()
    try:
        command = [sys.executable, "-c", code, "models", "tones"]
        assert subprocess.run(command, stdout=terminal).returncode == 0
        os.close(terminal)
        shown = os.read(master, 1 << 16).decode()
    finally:
        os.close(master)
    assert "97.0%" in shown and "| --- |" not in shown


def test_a_copy_is_the_users_own(
    speechrnn, folder: Path, tmp_path: Path, tone_words: Path, no_words: Path
) -> None:
    own = tmp_path / "own.onnx"
    data = ("--positives", tone_words, "--negatives", no_words)
    code, out, err = speechrnn("calibrate", "--model", "tones", *data)
    assert (code, out) == (2, [])
    assert err == [
        "speechrnn: tones: comes with the package and stays as it is; make a copy of your own: "
        "speechrnn models tones --copy FILE"
    ]
    before = (folder / "tones.onnx").read_bytes()
    assert speechrnn("models", "tones", "--copy", own)[0] == 0
    assert own.read_bytes() == before
    code, out, err = speechrnn("calibrate", "--model", own, *data)
    assert (code, err) == (0, [])
    assert own.read_bytes() != before == (folder / "tones.onnx").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "nonsense: no model of this installation; it has commands, tones"),
        (["--copy", "own.onnx"], "--copy: no model named; say which, as in: speechrnn models"),
        (["tones", "--copy", "."], ".: is there already; give --copy another name"),
        (["tones", "--copy", "gone/own.onnx"], "gone/own.onnx: No such file or directory"),
    ],
)
def test_a_wrong_call_is_one_line(speechrnn, arguments: list[str], message: str) -> None:
    code, out, [line] = speechrnn("models", *arguments)
    assert (code, out) == (2, [])
    assert line.startswith(f"speechrnn: {message}")


def test_a_model_without_its_card_is_a_fault(speechrnn, folder: Path) -> None:
    (folder / "tones.md").unlink()
    code, _, [line] = speechrnn("models")
    assert code == 2
    assert "tones.md: no card of a model" in line


def test_the_commands_take_no_model_or_a_name(
    speechrnn, folder: Path, tmp_path: Path, tone_words: Path, no_words: Path
) -> None:
    recording = str(no_words / "deeper/b.flac")
    for model in ([], ["--model", "tones"]):
        code, out, _ = speechrnn("transcribe", recording, "--json", *model)
        assert (code, json.loads(out[0])["text"]) == (0, "high")
        code, out, _ = speechrnn("listen", "--input", recording, "--json", *model)
        assert code == 0
    for name, model in {"commands": [], "tones": ["tones"]}.items():
        code, out, _ = speechrnn("info", "--json", *model)
        assert json.loads(out[0])["path"] == str(folder / f"{name}.onnx")
    said = [utterance for utterance in read_datadir(tone_words) if utterance.text != "hush"]
    write_datadir(tmp_path / "said", said)
    code, out, _ = speechrnn("evaluate", "--model", "tones", "--data", tmp_path / "said", "--json")
    assert (code, json.loads(out[0])["accuracy"]["share"]) == (0, 1.0)
