import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from speechrnn.datadir import check_speakers_disjoint, validate_datadir

ROOT = Path(__file__).parents[2]
RUN = ROOT / "recipes/tts_commands/run.sh"

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("espeakng_loader") is None, reason="needs the extra tts"
    ),
    pytest.mark.skipif(
        Path(sys.prefix).resolve() != (ROOT / ".venv").resolve(),
        reason="the recipe installs into .venv and runs there",
    ),
]


def run(work, *options):
    return subprocess.run(
        ["bash", str(RUN), "--work", str(work), "--name", "tiny", *options],
        cwd=work,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    work = tmp_path_factory.mktemp("recipe")
    options = ["--words", "yes,lights on", "--voices", "2", "--engines", "espeak", "--epochs", "1"]
    first = run(work, *options)
    assert first.returncode == 0, first.stderr
    return work, options, first.stdout


def test_every_stage_leaves_its_files(finished):
    work, _, output = finished
    data, exp = work / "data/tiny", work / "exp/tiny"
    splits = {name: data / name for name in ("train", "valid", "test")}
    assert not [fault for split in splits.values() for fault in validate_datadir(split)]
    check_speakers_disjoint(splits)
    assert (exp / "run/best.safetensors").is_file()
    assert (exp / "model.onnx").is_file()
    scores = json.loads((exp / "evaluation/test/scores.json").read_text())
    assert set(scores["labels"]) == {"yes", "lights on", "_unknown_", "_silence_"}
    assert (exp / "evaluation/test/report.html").is_file()
    assert "said: " in output
    assert str(exp / "phrase.wav") in output


def test_it_ends_with_what_it_reached_and_the_next_command(finished):
    work, _, output = finished
    *_, reached, report, _, command = output.strip().splitlines()
    assert reached.startswith("voices never trained on: ")
    assert "commands heard right" in reached
    assert Path(report.strip()).is_file()
    assert command.split()[1:] == [
        "transcribe",
        "FILE.wav",
        "--model",
        str(work / "exp/tiny/model.onnx"),
    ]
    assert Path(command.split()[0]).is_file()


def test_a_second_run_synthesises_and_trains_nothing(finished):
    work, options, _ = finished
    files = [*(work / "data/tiny/audio").rglob("*.wav"), work / "exp/tiny/run/best.safetensors"]
    before = {path: path.stat().st_mtime_ns for path in files}
    second = run(work, *options, "--stop-stage", "3")
    assert second.returncode == 0, second.stderr
    assert "done before" in second.stdout
    assert {path: path.stat().st_mtime_ns for path in files} == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--words", "yes,YES"], "'YES' repeats 'yes'"),
        (["--words", ","], "no words"),
        (["--words", "yes,..."], "'...' has no letter or digit"),
        (["--stage", "3"], "begin with --stage 0"),
    ],
)
def test_a_fault_ends_the_run_with_one_line(tmp_path, options, message):
    failed = run(tmp_path, *options)
    assert failed.returncode == 2
    assert message in failed.stderr
    assert len(failed.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "exp").exists()
