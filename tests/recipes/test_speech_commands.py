"""The recipe speech_commands on a tiny corpus of tones, from the corpus to a transcript."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.config import load_config
from speechrnn.datadir import Utterance, write_datadir
from speechrnn.runtime.model_file import open_model
from speechrnn.training.checkpoint import read_checkpoint

ROOT = Path(__file__).parents[2]
RUN = ROOT / "recipes/speech_commands/run.sh"
COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
CONFIG = """
clip_ms: 400
features: {sample_rate_hz: 8000, high_hz: 3800}
model: {hidden_size: 8, layers: 1}
training: {epochs: 1}
"""
STREAM_CONFIG = """
clip_ms: 400
features: {sample_rate_hz: 8000, high_hz: 3800}
model: {hidden_size: 8, layers: 1, frame_head: keyword}
streaming: {share: 0.5, clips: 2}
training: {epochs: 1, batch_size: 4}
"""
TABLE = "## tiny (26 + 13 + 13 clips), not the official corpus: 12 classes; "

pytestmark = pytest.mark.skipif(
    Path(sys.prefix).resolve() != (ROOT / ".venv").resolve(),
    reason="the recipe installs into .venv and runs there",
)


def run(work: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(RUN), "--work", str(work), *options]
    return subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory,
    write_tiny_corpus: Callable[[Path, Sequence[str], float, float], None],
) -> tuple[Path, str]:
    work = tmp_path_factory.mktemp("speech_commands")
    corpus = work / "tiny"
    write_tiny_corpus(corpus, (*COMMANDS, "bed", "cat", "dog"), 200, 250)
    for name in ("negatives", "more"):
        (work / name).mkdir()
        shutil.copy(corpus / "_background_noise_/hiss.wav", work / name)
    (work / "tiny.yaml").write_text(CONFIG)
    options = ("--corpus", "tiny", "--config", "tiny.yaml", "--seed", "3")
    done = run(work, *options, "--negatives", "negatives,more", "--strung-hours", "0.01")
    assert done.returncode == 0, done.stderr + done.stdout
    return work, done.stdout


@pytest.mark.parametrize("name", ["bigru", "stream", "mhatt_rnn", "tiny", "ctc"])
def test_configurations_are_valid(name: str) -> None:
    load_config(RUN.parent / f"conf/{name}.yaml")


def test_every_test_list_is_scored_by_its_name(finished: tuple[Path, str]) -> None:
    work, output = finished
    sizes = {"test": 14, "test_tenth": 12, "test_zeros": 12, "test_speechbrain": 11}
    for test, size in sizes.items():
        scores = work / "exp/tiny/12/tiny_seed3/evaluation" / test / "scores.json"
        assert json.loads(scores.read_text())["accuracy"]["total"] == size
    results = (work / "RESULTS.md").read_text()
    assert results.count(TABLE) == results.count("\n## ") == 4
    assert results.count("| `bash recipes/speech_commands/run.sh --corpus DIR --task 12") == 4
    assert str(work) not in results
    assert output.count(TABLE.removeprefix("## ")) == 4
    assert "of 14: words " in output and "other words " in output and "silence " in output


def test_the_seed_arrives_in_the_training(finished: tuple[Path, str]) -> None:
    work, _ = finished
    environment = json.loads((work / "exp/tiny/12/tiny_seed3/run/environment.json").read_text())
    assert environment["seed"] == 3


def test_it_ends_with_transcripts_and_the_next_commands(finished: tuple[Path, str]) -> None:
    work, output = finished
    model = work / "exp/tiny/12/tiny_seed3/model.onnx"
    assert model.is_file()
    assert "tiny/bed/0d_nohash_0.flac" in output
    assert f"listen --model {model}" in output


def test_it_is_calibrated_on_validation_and_tested_on_negatives(
    finished: tuple[Path, str],
) -> None:
    work, output = finished
    assert "model.onnx: operating point written" in output
    stream = json.loads((work / "exp/tiny/12/tiny_seed3/evaluation/stream/stream.json").read_text())
    assert stream["calibrated"]
    tested = {row["name"] for row in stream["negatives"]}
    assert tested == {"other words", str(work / "negatives"), str(work / "more")}
    found_on = set(stream["operating_point"]["calibration"]["negatives"])
    assert found_on == {"other words", "valid", "synthetic"}


def test_a_finished_training_is_kept_and_reported_once(finished: tuple[Path, str]) -> None:
    work, _ = finished
    kept = [work / "exp/tiny/12/tiny_seed3/run/best.safetensors", work / "RESULTS.md"]
    before = [path.stat().st_mtime_ns for path in kept]
    options = ("--corpus", "tiny", "--config", "tiny.yaml", "--seed", "3", "--stop-stage", "4")
    done = run(work, *options)
    assert done.returncode == 0, done.stderr
    assert [path.stat().st_mtime_ns for path in kept] == before
    assert "done before" in done.stdout and "of 14: words " in done.stdout


def test_finished_trainings_teach_another(finished: tuple[Path, str]) -> None:
    work, _ = finished
    options = ("--corpus", "tiny", "--config", "tiny.yaml", "--teachers", "tiny_seed3")
    done = run(work, *options, "--stage", "1", "--stop-stage", "3")
    assert done.returncode == 0, done.stderr
    pupil = work / "exp/tiny/12/tiny_seed0_taught_by_tiny_seed3/run/best.safetensors"
    assert len(read_checkpoint(pupil).facts["teachers"]) == 1
    failed = run(work, *options[:-1], "nobody", "--stage", "3", "--stop-stage", "3")
    assert failed.returncode == 2
    assert "exp/tiny/12/nobody/trained is not there; run stage 3 for it first" in failed.stderr


def test_the_card_of_a_pupil_says_how_its_teachers_are_made(finished: tuple[Path, str]) -> None:
    work, _ = finished
    options = ("--corpus", "tiny", "--config", "tiny.yaml", "--teachers", "tiny_seed3,tiny_seed3")
    options += ("--negatives", "negatives", "--strung-hours", "0.01", "--stage", "1")
    done = run(work, *options)
    assert done.returncode == 0, done.stderr
    exp = work / "exp/tiny/12/tiny_seed0_taught_by_tiny_seed3_tiny_seed3"
    teacher = "--task 12 --config recipes/speech_commands/conf/tiny.yaml"
    rebuilt = (exp / "card.md").read_text().partition("## How to rebuild it")[2]
    assert rebuilt.count(f"{teacher} --seed 3\n") == 2
    assert f"{teacher} --negatives DIRS --teachers tiny_seed3,tiny_seed3 --seed 0" in rebuilt


def test_several_seeds_are_averaged_in_one_file(finished: tuple[Path, str]) -> None:
    work, _ = finished
    options = ("--corpus", "tiny", "--config", "tiny.yaml", "--seed", "3,4", "--negatives")
    done = run(work, *options, "negatives", "--strung-hours", "0.01", "--stage", "3")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "done before: exp/tiny/12/tiny_seed3/run" in done.stdout
    exp = work / "exp/tiny/12/tiny_seed3_4"
    info = open_model(exp / "model.onnx")[1]
    assert info.networks == 2 and info.operating_point is not None
    assert (work / "exp/tiny/12/tiny_seed4/command").read_text().endswith("--seed 4\n")
    scores = json.loads((exp / "evaluation/test/scores.json").read_text())
    assert int(scores["parameters"]) == info.num_parameters
    rows = [line for line in (work / "RESULTS.md").read_text().splitlines() if "| 3, 4 |" in line]
    assert len(rows) == 4 and all("--seed 3,4" in row for row in rows)
    card = (exp / "card.md").read_text()
    assert "2 networks, averaged, " in card and "with seed 3; at commit" in card
    again = run(work, *options[:-1], "--stage", "3", "--stop-stage", "3")
    assert again.returncode == 0 and again.stdout.count("done before") == 2
    assert (exp / "model.onnx").exists()


def test_words_have_results_of_their_own(finished: tuple[Path, str]) -> None:
    work, _ = finished
    options = ("--corpus", "tiny", "--config", "tiny.yaml", "--words", "bed,yes")
    done = run(work, *options, "--stage", "1", "--stop-stage", "4")
    assert done.returncode == 0, done.stderr
    assert (work / "exp/tiny/bed_yes/tiny_seed0/run/best.safetensors").is_file()
    assert "not the official corpus: bed, yes against all other words; " in done.stdout


def test_synthetic_speech_and_streams(finished: tuple[Path, str]) -> None:
    work, _ = finished
    (work / "live.yaml").write_text(STREAM_CONFIG)
    data = work / "data/tiny/bed"
    for split, text in (("words", "bed"), ("others", "_unknown_"), ("valid", "_unknown_")):
        wave = np.random.default_rng(1).standard_normal(8000) * 0.1
        (data / "synthetic").mkdir(parents=True, exist_ok=True)
        soundfile.write(data / f"synthetic/{split}.wav", wave, 8000)
        recording = data / f"synthetic/{split}.wav"
        write_datadir(data / "synthetic" / split, [Utterance(split, recording, split, text, split)])
    (data / "synthetic/tts.json").write_text('{"request": {"engines": ["espeak"]}}')
    options = ("--corpus", "tiny", "--config", "live.yaml", "--words", "bed", "--synthetic")
    more = ("--test-noise", "more", "--strung-hours", "0.01")
    done = run(work, *options, "--stage", "1", *more)
    assert done.returncode == 0, done.stderr + done.stdout
    exp = work / "exp/tiny/bed/live_seed0_synthetic"
    calibration = json.loads((exp / "calibration/calibration.json").read_text())
    assert "data/tiny/bed/synthetic/valid" in {row["name"] for row in calibration["negatives"]}
    card = (exp / "card.md").read_text()
    assert "Synthetic speech of espeak: the words, other words and phrases." in card
    assert "--strung-hours 0.01" in card and "learns from" not in card
    results = (work / "RESULTS.md").read_text()
    assert "--words bed --config conf/live.yaml --synthetic true --test-noise DIRS" in results
    heading = "not the official corpus: bed against all other words; all test clips"
    tables = [line for line in results.splitlines() if line.startswith("## ") and heading in line]
    scores, latency, robustness = tables
    assert latency == f"{scores}: accuracy, delay and CPU against latency, live_seed0_synthetic"
    assert robustness == f"{scores}: robustness, live_seed0_synthetic"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--stage", "1"], "holds no WORD/SPEAKER_nohash_TAKE.wav"),
        (["--stage", "3"], "corpus.json is not there; run stage 1 first"),
        (["--stage", "6", "--stop-stage", "6"], "model.onnx is not there; run stage 5 first"),
        (["--task", "35", "--synthetic"], "other words, which --task 35 has not"),
        (["--seed", "0,"], "--seed 0,: expected a whole number, or several"),
        (["--negatives", "nowhere"], "--negatives: no folder nowhere"),
        (["--stage", "1", "--task", "13"], "'13' is not one of '12', '30', '35'"),
    ],
)
def test_a_fault_ends_the_run_with_one_line(
    tmp_path: Path, options: list[str], message: str
) -> None:
    failed = run(tmp_path, "--corpus", ".", *options)
    assert failed.returncode == 2
    assert message in failed.stderr
    assert len(failed.stderr.strip().splitlines()) == 1
