from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from speechrnn.cli import main
from speechrnn.errors import DataError

COMMANDS = (
    "data",
    "download",
    "evaluate",
    "export",
    "info",
    "models",
    "prepare",
    "train",
    "transcribe",
)
HEAVY = {"torch", "torchaudio", "librosa", "scipy", "matplotlib", "onnx", "onnxruntime", "numpy"}


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["speechrnn", *arguments])
    with pytest.raises(SystemExit) as stop:
        main.run()
    return int(stop.value.code or 0)


def test_help_lists_the_commands(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "--help") == 0
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert set(COMMANDS) <= listed


def test_says_its_version(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"speechrnn {version('speechrnn')}\n"


def test_no_arguments_show_help_not_a_fault(monkeypatch, capsys) -> None:
    assert run(monkeypatch) == 2
    printed = capsys.readouterr()
    assert "Commands:" in printed.out
    assert printed.err == ""


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['speechrnn', '--help']\n"
        "from speechrnn.cli.main import run\n"
        "try:\n run()\nexcept SystemExit:\n pass\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["transcribe"], "Missing argument"),
        (["transcribe", "a.wav", "--model", "nothing"], "nothing: no file, and"),
        (["transcribe", "a.wav", "--modle", "m"], "--model"),
        (["info", "gone.onnx"], "no model there"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(
    monkeypatch, capsys, arguments: list[str], message: str
) -> None:
    assert run(monkeypatch, *arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("speechrnn: ")
    assert message in printed.err


@pytest.mark.parametrize(
    ("fault", "message", "code"),
    [
        (DataError("text:3: two\nlines"), "text:3: two lines", 2),
        (PermissionError(13, "Permission denied", "exp/x"), "exp/x: Permission denied", 2),
        (ModuleNotFoundError("no", name="torch"), "pip install 'speechrnn[train]'", 2),
        (OSError("Could not load: /a/libtorchaudio.so"), "torchaudio do not fit each other", 2),
        (KeyboardInterrupt(), "interrupted", 130),
    ],
)
def test_every_fault_is_one_line(monkeypatch, capsys, fault, message: str, code: int) -> None:
    def fail(**_: object) -> None:
        raise fault

    monkeypatch.setattr(main, "app", fail)
    assert run(monkeypatch) == code
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert message in printed.err


def test_a_missing_module_of_our_own_is_a_bug_and_shows_as_one(monkeypatch) -> None:
    def fail(**_: object) -> None:
        raise ModuleNotFoundError("no", name="speechrnn.gone")

    monkeypatch.setattr(main, "app", fail)
    monkeypatch.setattr(sys, "argv", ["speechrnn"])
    with pytest.raises(ModuleNotFoundError):
        main.run()


def test_output_that_nobody_reads_is_no_fault(tone_model) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "speechrnn.cli.main", "info", tone_model]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode != 0
