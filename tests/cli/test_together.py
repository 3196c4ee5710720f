"""`speechrnn evaluate` as torchrun starts it, in several processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from speechrnn.cli.together import each_heard
from speechrnn.datadir import read_datadir, write_datadir

Run = Callable[..., tuple[int, list[str], list[str]]]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def in_two(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *TORCHRUN, "-m", "speechrnn", *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.fixture
def damaged(tone_words: Path, tmp_path: Path) -> Path:
    """Words of the tone model; one of the recordings cannot be read."""
    utterances = [u for u in read_datadir(tone_words) if u.text != "hush"]
    copy = shutil.copy(utterances[3].wav, tmp_path / "copy.wav")
    utterances[3] = replace(utterances[3], wav=Path(copy))
    write_datadir(tmp_path / "data", utterances)
    Path(copy).write_bytes(b"")
    return tmp_path / "data"


def test_words_are_counted_once(speechrnn: Run, tone_model: Path, damaged: Path) -> None:
    arguments = ("evaluate", "--model", tone_model, "--data", damaged, "--json")
    code, out, err = speechrnn(*arguments)
    done = in_two(*arguments)
    assert json.loads(done.stdout) == json.loads(out[0])
    assert json.loads(done.stdout)["unreadable clips left out"] == "1"
    assert code == 2 and done.returncode == 1  # torchrun's
    assert [line for line in done.stderr.splitlines() if line.startswith("speechrnn: ")] == err


def test_sequences_are_counted_once(speechrnn: Run, untrained_reader: Path, tones: Path) -> None:
    arguments = ("evaluate", "--model", untrained_reader, "--data", tones / "valid", "--json")
    _, out, _ = speechrnn(*arguments)
    done = in_two(*arguments)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(out[0])


def test_results_come_in_order() -> None:
    things = list("abcdefg")

    def upper(part: list[str]) -> list[str]:
        return [thing.upper() for thing in part]

    def group(rank: int) -> SimpleNamespace:
        parts = [upper(things[other::3]) for other in range(3)]
        return SimpleNamespace(rank=rank, size=3, gather=lambda mine: [] if rank else parts)

    assert each_heard(group(0), things, upper) == list("ABCDEFG") == each_heard(None, things, upper)
    assert each_heard(group(1), things, upper) == []


def test_streams_are_heard_by_one_process(
    speechrnn: Run, tone_model: Path, tone_words: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    code, _, err = speechrnn("evaluate", "--stream", "--model", tone_model, "--data", tone_words)
    assert code == 2
    assert err == ["speechrnn: evaluate --stream runs in one process; start it without torchrun"]
