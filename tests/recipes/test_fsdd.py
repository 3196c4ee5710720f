"""The recipe fsdd on a tiny corpus of tones, from the corpus to a transcript."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.corpora.fsdd import DIGITS

ROOT = Path(__file__).parents[2]
RUN = ROOT / "recipes/fsdd/run.sh"
CONFIG = """
features: {sample_rate_hz: 8000, high_hz: 3800}
model: {hidden_size: 8, layers: 1}
training: {epochs: 1}
"""
STRINGS = """
features: {sample_rate_hz: 8000, high_hz: 3800}
model: {hidden_size: 16, layers: 1, dropout: 0, pooling: none, frame_head: ctc}
augment: {noise_probability: 0, reverberation_probability: 0, band_limit_probability: 0}
streaming: {share: 0.5, clips: 3}
training: {epochs: 40, batch_size: 6, learning_rate: 0.02, average_decay: 0.9}
"""

pytestmark = pytest.mark.skipif(
    Path(sys.prefix).resolve() != (ROOT / ".venv").resolve(),
    reason="the recipe installs into .venv and runs there",
)


def run(work: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(RUN), "--work", str(work), *options]
    return subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=600)


def tiny_corpus(work: Path) -> None:
    recordings = work / "corpus/recordings"
    recordings.mkdir(parents=True)
    time_s = np.arange(2400) / 8000
    for speaker, loudness in {"ann": 0.1, "bob": 0.2, "cid": 0.4}.items():
        for digit in range(len(DIGITS)):
            for index in (0, 7):
                wave = loudness * np.sin(2 * np.pi * (200 + 300 * digit + index) * time_s)
                soundfile.write(recordings / f"{digit}_{speaker}_{index}.wav", wave, 8000)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    work = tmp_path_factory.mktemp("fsdd")
    tiny_corpus(work)
    (work / "tiny.yaml").write_text(CONFIG)
    done = run(work, "--corpus", "corpus", "--config", "tiny.yaml", "--synthetic", "false")
    assert done.returncode == 0, done.stderr + done.stdout
    return work, done.stdout


def test_every_speaker_is_left_out_once(finished: tuple[Path, str]) -> None:
    work, _ = finished
    for speaker in ("ann", "bob", "cid"):
        scores = json.loads((work / f"exp/tiny/fold_{speaker}/evaluation/scores.json").read_text())
        assert list(scores["speakers"]) == [speaker]
        assert scores["accuracy"]["total"] == 20


def test_results_have_a_row_for_each_protocol(finished: tuple[Path, str]) -> None:
    work, _ = finished
    text = (work / "RESULTS.md").read_text()
    assert text.count("--corpus DIR") == 2 and str(work) not in text
    assert "Leave one speaker out" in text and "the same six speakers on both sides" in text
    assert all(f"{speaker} " in text for speaker in ("ann", "bob", "cid"))


def test_it_ends_with_transcripts_and_the_next_command(finished: tuple[Path, str]) -> None:
    work, output = finished
    assert (work / "exp/tiny/digits.onnx").is_file()
    assert output.count("corpus/recordings/") >= 1
    assert f"--model {work}/exp/tiny/digits.onnx" in output


def test_a_finished_training_is_kept(finished: tuple[Path, str]) -> None:
    work, _ = finished
    best = work / "exp/tiny/fold_ann/best.safetensors"
    before = best.stat().st_mtime_ns
    done = run(work, "--corpus", "corpus", "--config", "tiny.yaml", "--synthetic", "false")
    assert done.returncode == 0, done.stderr
    assert best.stat().st_mtime_ns == before


def test_connected_digits(tmp_path: Path) -> None:
    """The other configuration: strings, grammars, other speech, a language model, an export."""
    tiny_corpus(tmp_path)
    (tmp_path / "other").mkdir()
    soundfile.write(tmp_path / "other/hum.wav", np.full(4000, 0.1), 8000)
    (tmp_path / "strings.yaml").write_text(STRINGS)
    options = ("--config", "strings.yaml", "--synthetic", "false", "--strings", "3")
    done = run(tmp_path, "--corpus", "corpus", *options, "--negatives", "other")
    assert done.returncode == 0, done.stderr + done.stdout
    for speaker in ("ann", "bob", "cid"):
        evaluation = tmp_path / f"exp/strings/fold_{speaker}/evaluation"
        scores = json.loads((evaluation / "sequences.json").read_text())["speakers"]
        assert list(scores) == [speaker]
        assert scores[speaker]["string_accuracy"]["total"] == 3
    text = (tmp_path / "RESULTS.md").read_text()
    assert text.count("--strings 3 --negatives DIRS") == 10 and str(tmp_path) not in text
    assert "Connected digits" in text and "in twelve area codes" in text
    for grammar in ("pin", "phone"):
        assert f"| {grammar}, without the grammar: WER" in text
        assert f"| {grammar}, with the grammar: WER" in text
        assert f"| {grammar}, thresholds for 1%:" in text
    assert text.count("% of 1 (") == 4 and text.count("% of 120 (") == 4
    assert not (tmp_path / "data/index").exists()
    assert f"--model {tmp_path}/exp/strings/digits.onnx" in done.stdout


def test_a_corpus_that_is_none_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, "--corpus", ".", "--synthetic", "false")
    assert done.returncode == 2
    assert "holds no recordings/DIGIT_SPEAKER_INDEX.wav" in done.stderr


def test_negatives_that_are_no_folder_are_named(tmp_path: Path) -> None:
    done = run(tmp_path, "--negatives", "nowhere", "--stage", "4", "--stop-stage", "4")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "run.sh: --negatives: no folder nowhere\n"


def test_the_live_demo_asks_for_the_export(tmp_path: Path) -> None:
    done = run(tmp_path, "--stage", "6", "--stop-stage", "6")
    assert done.returncode == 2
    assert "digits.onnx is not there; run stage 5 first" in done.stderr
