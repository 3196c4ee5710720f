"""The recipes' scripts that tell about a finished model: its card, and what it does in noise."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import soundfile

from speechrnn.datadir import Utterance, read_datadir, write_datadir
from speechrnn.decoding.operating_point import default_operating_point
from speechrnn.evaluation import card
from speechrnn.runtime.metadata import write_operating_point
from speechrnn.runtime.packaged import read_card

RECIPES = Path(__file__).parents[2] / "recipes"
PROVENANCE = {
    "created": "2025-01-31T10:00:00+00:00",
    "git_commit": "abc",
    "seed": 3,
    "torch": "2.11",
    "training_data": {"utterances": 5437, "speakers": 848, "hours": 1.494},
}


def run(script: str, *options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, RECIPES / script, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def speechrnn(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "speechrnn.cli.main", *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory,
    tone_model: Path,
    tone_metadata: dict[str, Any],
    tone_words: Path,
    no_words: Path,
) -> Path:
    """What stages 1 to 5 leave: data/ with the list "test", exp/ with a model and its scores."""
    work = tmp_path_factory.mktemp("finished")
    (work / "exp").mkdir()
    config = {"model": {"layers": 1, "cell": "gru", "bidirectional": True}}
    proto = onnx.load(tone_model)
    facts = {**tone_metadata, "config": config, "provenance": PROVENANCE}
    proto.metadata_props[0].value = json.dumps(facts)
    onnx.save(proto, work / "exp/model.onnx")
    said = [
        Utterance(f"noise-{u.id}", u.wav, "noise", "_silence_", f"noise-{u.id}")
        if u.text == "hush"
        else u
        for u in read_datadir(tone_words)
    ]
    write_datadir(work / "data/test", said)
    corpus = {"corpus": "tiny, not the official corpus", "task": "tones", "tests": {"test": "all"}}
    (work / "data/corpus.json").write_text(json.dumps(corpus))
    (work / "data/synthetic").mkdir()
    (work / "data/synthetic/tts.json").write_text('{"request": {"engines": ["espeak", "flite"]}}')
    trial = ("--model", work / "exp/model.onnx", "--data", work / "data/test")
    speechrnn("evaluate", *trial, "--out", work / "exp/evaluation/file")
    speechrnn(
        "evaluate", "--stream", *trial, "--negatives", no_words,
        "--out", work / "exp/evaluation/stream",
    )  # fmt: skip
    return work


def commands_card(work: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    return run(
        "speech_commands/local/card.py", "--data", work / "data", "--experiment", work / "exp",
        "--command", "bash run.sh --seed 3", *options,
    )  # fmt: skip


def test_robustness_is_a_table_that_a_seed_repeats(finished: Path, tmp_path: Path) -> None:
    hiss = 0.1 * np.random.default_rng(0).standard_normal(32000)
    (tmp_path / "rain").mkdir()
    soundfile.write(tmp_path / "rain/a.wav", hiss, 16000)
    results = tmp_path / "RESULTS.md"
    printed = set()
    for _ in range(2):
        done = run(
            "speech_commands/local/robustness.py", "--model", finished / "exp/model.onnx",
            "--data", finished / "data/test", "--noise", tmp_path / "rain", "--name", "tiny",
            "--out", results, "--commit", "abc",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        text = results.read_text()
        assert text.count("## tiny, not the official corpus: tones; all: robustness, tiny\n") == 1
        printed.add(done.stdout)
    [table] = printed
    assert table in text
    assert "12 clips of the test list" in text and "1 recordings (rain)" in text
    assert str(tmp_path) not in text
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    kinds = [row[0].removeprefix("| ") for row in rows[2:]]
    assert kinds == ["as recorded", *["noise"] * 4, *["gain"] * 4, "telephone", "room", "room"]
    assert rows[2][2].startswith("100.0% (75.8%–100.0%)")
    assert (finished / "exp/evaluation/robustness.md").read_text() in text


def test_a_card_of_commands_holds_what_was_measured(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "card.md"
    table = "| chunk | missed |\n| --- | --- |\n| 160 | 1% |\n"
    (finished / "exp/evaluation/latency.md").write_text(table)
    also = ("--also", "Rain, CC BY.", "--synthetic", finished / "data/synthetic", "--out", out)
    done = commands_card(finished, *also)
    assert done.returncode == 0, done.stderr
    found = read_card(out)
    assert found.facts["accuracy"].startswith("100.0% (79.6–100.0%) of 15 clips by 1 people")
    assert found.facts["live"].startswith("misses 0.0% (0.0–24.2%), false alarms an hour ")
    assert found.facts["license"] == "Apache-2.0"
    assert found.facts["sha256"] == card.digest(finished / "exp/model.onnx")
    for part in (
        "tiny, not the official corpus: tones; all.",
        "Synthetic speech of espeak, flite:",
        "- Rain, CC BY.\n- In all 5,437 utterances of 848 voices, 1.5 hours.",
        "| high | 100.0% (67.6–100.0%) | 8 |",
        f"## {card.LATENCY}\n\n{table}",
        "| no_words",
        "```sh\nbash run.sh --seed 3\n```\n\nTrained at commit abc with seed 3",
    ):
        assert part in found.text
    assert str(finished.parent) not in out.read_text()


def test_a_card_without_measurements_is_refused(finished: Path, tmp_path: Path) -> None:
    unheard = Path(shutil.copytree(finished, tmp_path / "unheard"))
    shutil.rmtree(unheard / "exp/evaluation/file")
    done = commands_card(unheard, "--out", tmp_path / "card.md")
    assert done.returncode != 0
    [line] = done.stderr.splitlines()
    assert line.endswith(
        "file/scores.json: No such file or directory; run the stages before this one"
    )


def test_a_card_of_another_operating_point_is_refused(finished: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(finished, tmp_path / "moved"))
    point = default_operating_point(("high", "low"), has_keyword_head=False)
    write_operating_point(moved / "exp/model.onnx", replace(point, chunk_ms=80.0))
    done = commands_card(moved, "--out", tmp_path / "card.md")
    assert done.returncode != 0
    assert "calibrated since it was heard live" in done.stderr
    write_operating_point(moved / "exp/model.onnx", point)
    assert commands_card(moved, "--out", tmp_path / "card.md").returncode == 0


@pytest.fixture
def left_out(finished: Path, tmp_path: Path) -> Path:
    """What stages 1 to 5 of the recipe digits leave, with two speakers left out in turn."""
    stream = json.loads((finished / "exp/evaluation/stream/stream.json").read_text())
    scores = json.loads((finished / "exp/evaluation/file/scores.json").read_text())
    for name, hits in {"all": 15, "fold_ann": 12, "fold_bob": 9}.items():
        evaluation = tmp_path / "exp" / name / "evaluation"
        (evaluation / "stream").mkdir(parents=True)
        its = {**scores, "accuracy": {"hits": hits, "total": 15}}
        (evaluation / "scores.json").write_text(json.dumps(its))
        (evaluation / "stream/stream.json").write_text(json.dumps(stream))
        run = tmp_path / "exp" / name / "run"
        run.mkdir()
        (run / "metrics.jsonl").write_text('{"seconds": 90}\n')
        facts = {"git_commit": "abc", "seed": 3, "device": "cpu", "threads": 1}
        (run / "environment.json").write_text(json.dumps(facts))
    shutil.copy(finished / "exp/model.onnx", tmp_path / "exp/all/model.onnx")
    for name in ("train", "test"):
        shutil.copytree(finished / "data/test", tmp_path / "data/others" / name)
    shutil.copy(finished / "data/corpus.json", tmp_path / "data/others/corpus.json")
    shutil.copytree(finished / "data/synthetic", tmp_path / "data/synthetic")
    shutil.copytree(finished / "data/test", tmp_path / "data/synthetic/train")
    return tmp_path


def digits(script: str, work: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return run(
        f"digits/local/{script}.py", "--data", work / "data", "--experiment", work / "exp",
        "--command", "bash run.sh", "--out", out,
    )  # fmt: skip


def test_a_card_of_digits_has_the_speakers_left_out(left_out: Path, tmp_path: Path) -> None:
    done = digits("card", left_out, tmp_path / "card.md")
    assert done.returncode == 0, done.stderr
    found = read_card(tmp_path / "card.md")
    # Mean 70%, Student's t with one degree of freedom: 12.7 times 10%, so all that can be.
    assert found.facts["accuracy"].startswith("70.0% (0.0–100.0%) of single digits by a new")
    assert found.facts["live"].startswith("misses 0.0% (0.0–24.2%) of 12 by other people, false")
    assert found.facts["license"] == "CC-BY-SA-4.0"
    for part in (
        "share-alike",
        "| ann | 80.0% (54.8–93.0%) | 15 |\n| bob | 60.0% (35.7–80.2%) | 15 |",
        "| high | 100.0% (80.6–100.0%) | 16 |",
        "on the test list of tiny, not the official corpus, 1 people whom",
        "People who say each digit: high 1, low 1.",
        "- Synthetic speech of espeak, flite: the digits, other words and phrases.",
        "- First from the latter two, 30 utterances of 2 voices; then from the former two, 5,437",
        "| no_words",
    ):
        assert part in found.text
    assert str(left_out) not in (tmp_path / "card.md").read_text()


def test_results_of_digits_have_a_row_for_each_list(left_out: Path, tmp_path: Path) -> None:
    done = digits("results", left_out, tmp_path / "RESULTS.md")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "RESULTS.md").read_text()
    assert "| 70.0% (0.0–100.0%): ann 80.0%, bob 60.0% | 4 min of training, 3 models |" in text
    assert "## tiny, not the official corpus: digits, other words, silence; the test list" in text
    assert "| digits 100.0% (75.8–100.0%) of 12, silence 100.0% (43.9–100.0%) of 3 |" in text


def test_digits_without_folds_say_so(left_out: Path, tmp_path: Path) -> None:
    shutil.rmtree(left_out / "exp/fold_bob")
    done = digits("card", left_out, tmp_path / "card.md")
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith("card.py: ") and "fewer than two folds; run stages 3 and 4" in line
