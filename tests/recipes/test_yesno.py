"""The recipe yesno on a tiny corpus of tones, from the corpus to transcripts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).parents[2]
RUN = ROOT / "recipes/yesno/run.sh"
CONFIG = """
clip_ms: 2000
features: {sample_rate_hz: 8000, high_hz: 3800}
model: {hidden_size: 8, layers: 1, pooling: none, frame_head: ctc}
streaming: {share: 0.5, clips: 1}
training: {epochs: 2, batch_size: 2}
"""
NAMES = ("0_0_0", "0_0_1", "0_1_0", "0_1_1", "1_0_0", "1_0_1", "1_1_0", "1_1_1")

pytestmark = pytest.mark.skipif(
    Path(sys.prefix).resolve() != (ROOT / ".venv").resolve(),
    reason="the recipe installs into .venv and runs there",
)


def run(work: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(RUN), "--work", str(work), *options]
    return subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    work = tmp_path_factory.mktemp("yesno")
    (work / "corpus").mkdir()
    time_s = np.arange(2400) / 8000
    for name in NAMES:
        tones = [0.3 * np.sin(2 * np.pi * (400 + 600 * int(c)) * time_s) for c in name.split("_")]
        pause = np.zeros(800)
        wave = np.concatenate([part for tone in tones for part in (tone, pause)])
        soundfile.write(work / "corpus" / f"{name}.wav", wave, 8000)
    (work / "tiny.yaml").write_text(CONFIG)
    done = run(work, "--corpus", "corpus", "--config", "tiny.yaml")
    assert done.returncode == 0, done.stderr + done.stdout
    return work, done.stdout


def test_word_errors_are_counted(finished: tuple[Path, str]) -> None:
    work, output = finished
    scores = json.loads((work / "exp/tiny_seed0/evaluation/sequences.json").read_text())
    wer = scores["wer"]
    assert wer["said"] == 12  # of the four recordings that are not trained on
    edits = wer["insertions"] + wer["deletions"] + wer["substitutions"]
    assert wer["value"] == pytest.approx(edits / 12)
    assert f"WER {wer['value']:.2%} (" in output


def test_results_say_that_the_speaker_is_shared(finished: tuple[Path, str]) -> None:
    work, _ = finished
    text = (work / "RESULTS.md").read_text()
    assert "one speaker, the same on both sides" in text
    assert "--corpus DIR" in text and str(work) not in text
    assert "substitutions in 12 words" in text


def test_it_ends_with_transcripts_and_the_next_command(finished: tuple[Path, str]) -> None:
    work, output = finished
    assert "corpus/0_0_1.wav" in output  # the first of the test recordings
    assert f"--model {work}/exp/tiny_seed0/model.onnx" in output


def test_run_again_it_keeps_the_training_and_the_row(finished: tuple[Path, str]) -> None:
    work, _ = finished
    best = work / "exp/tiny_seed0/run/best.safetensors"
    before = best.stat().st_mtime_ns
    done = run(work, "--corpus", "corpus", "--config", "tiny.yaml", "--stage", "1")
    assert done.returncode == 0, done.stderr
    assert best.stat().st_mtime_ns == before
    assert (work / "RESULTS.md").read_text().count("--config conf/tiny.yaml") == 1


def test_two_processes_train_it(finished: tuple[Path, str]) -> None:
    work, _ = finished
    options = ("--config", "tiny.yaml", "--seed", "1", "--stage", "3", "--stop-stage", "3")
    done = run(work, "--corpus", "corpus", *options, "--nproc", "2")
    assert done.returncode == 0, done.stderr
    environment = json.loads((work / "exp/tiny_seed1/run/environment.json").read_text())
    assert environment["processes"] == 2


def test_a_corpus_that_is_none_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, "--corpus", ".", "--stage", "1")
    assert done.returncode == 2
    assert "holds no recordings such as 1_0_0_1_1_0_1_0.wav" in done.stderr


def test_the_live_demo_asks_for_the_export(tmp_path: Path) -> None:
    done = run(tmp_path, "--stage", "6", "--stop-stage", "6")
    assert done.returncode == 2
    assert "model.onnx is not there; run stage 5 first" in done.stderr
