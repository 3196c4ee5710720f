"""The recipe digits on tiny corpora of tones, from Kaldi directories to the card."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.config import load_config
from speechrnn.corpora.fsdd import DIGITS
from speechrnn.datadir import Utterance, write_datadir
from speechrnn.runtime.packaged import read_card
from speechrnn.training.checkpoint import read_checkpoint

ROOT = Path(__file__).parents[2]
RUN = ROOT / "recipes/digits/run.sh"
CONFIG = """
clip_ms: 400
features: {sample_rate_hz: 8000, high_hz: 3800}
model: {hidden_size: 8, layers: 1, frame_head: keyword}
streaming: {share: 0.5, clips: 2}
training: {epochs: 1, batch_size: 4}
"""
HISS = 0.01 * np.random.default_rng(0).standard_normal(8 * 8000)

pytestmark = pytest.mark.skipif(
    Path(sys.prefix).resolve() != (ROOT / ".venv").resolve(),
    reason="the recipe runs what .venv holds",
)


def run(work: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(RUN), "--work", str(work), *options]
    return subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=600)


def say(path: Path, number: int, loudness: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(2400) / 8000
    soundfile.write(path, loudness * np.sin(2 * np.pi * (200 + 250 * number) * time_s), 8000)
    return path


def speak_digits(folder: Path) -> None:
    """Two people, in the layout of the Free Spoken Digit Dataset."""
    for speaker, loudness in {"ann": 0.1, "bob": 0.2}.items():
        for digit in range(len(DIGITS)):
            say(folder / f"recordings/{digit}_{speaker}_7.wav", digit, loudness)


def speak_others(folder: Path) -> None:
    """Four more, in the layout of Speech Commands, with two other words and noise."""
    for number, word in enumerate((*DIGITS, "bed", "cat")):
        for speaker, loudness in {"0a": 0.1, "0b": 0.2, "0c": 0.3, "0d": 0.4}.items():
            say(folder / word / f"{speaker}_nohash_0.flac", number, loudness)
    for name, speaker in {"validation_list.txt": "0c", "testing_list.txt": "0d"}.items():
        places = [path.relative_to(folder) for path in folder.glob(f"*/{speaker}*")]
        (folder / name).write_text("".join(f"{place}\n" for place in places))
    (folder / "_background_noise_").mkdir()
    soundfile.write(folder / "_background_noise_/hiss.wav", HISS, 8000)


def synthesise(folder: Path) -> None:
    """What stage 0 leaves of synthetic speech."""
    for part in ("train", "valid"):
        said = []
        for number, word in enumerate((*DIGITS, "_unknown_")):
            name = f"{part}-{word}"
            path = say(folder / f"audio/{name}.wav", number, 0.3)
            said.append(Utterance(name, path, part, word, name))
        write_datadir(folder / part, said)
    (folder / "tts.json").write_text('{"request": {"engines": ["espeak"]}}')


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    work = tmp_path_factory.mktemp("digits")
    speak_digits(work / "fsdd")
    speak_others(work / "tiny")
    synthesise(work / "data/synthetic")
    (work / "negatives").mkdir()
    soundfile.write(work / "negatives/hiss.wav", HISS, 8000)
    (work / "tiny.yaml").write_text(CONFIG)
    corpora = ("--fsdd", "fsdd", "--others", "tiny", "--negatives", "negatives")
    options = ("--config", "tiny.yaml", "--strung-hours", "0.01", "--seed", "3", "--stage", "1")
    done = run(work, *corpora, *options)
    assert done.returncode == 0, done.stderr + done.stdout
    return work, done.stdout


def test_the_configuration_is_valid() -> None:
    load_config(RUN.parent / "conf/stream.yaml")


def test_whom_a_model_is_tested_on_it_never_heard(finished: tuple[Path, str]) -> None:
    work, _ = finished
    base = read_checkpoint(work / "exp/tiny_seed3/base/run/best.safetensors").facts
    assert base["training_data"]["speakers"] == 4  # two, the synthetic voice, and the noise
    for speaker in ("ann", "bob"):
        fold = work / f"exp/tiny_seed3/fold_{speaker}"
        facts = read_checkpoint(fold / "run/best.safetensors").facts
        assert facts["training_data"]["speakers"] == 4  # two, the other one, and the noise
        scores = json.loads((fold / "evaluation/scores.json").read_text())
        assert list(scores["speakers"]) == [speaker]


def test_results_and_card_tell_what_was_measured(finished: tuple[Path, str]) -> None:
    work, output = finished
    results = (work / "RESULTS.md").read_text()
    assert results.count("| `bash recipes/digits/run.sh --fsdd DIR --others DIR --config") == 2
    assert str(work) not in results
    card = read_card(work / "exp/tiny_seed3/card.md")
    assert str(work) not in card.text
    assert "| ann |" in card.text and "| negatives (1 recordings) |" in card.text
    model = work / "exp/tiny_seed3/all/model.onnx"
    assert f"listen --model {model}" in output


def test_a_finished_training_is_kept(finished: tuple[Path, str]) -> None:
    work, _ = finished
    best = work / "exp/tiny_seed3/all/run/best.safetensors"
    before = best.stat().st_mtime_ns
    options = ("--config", "tiny.yaml", "--seed", "3", "--stage", "3", "--stop-stage", "3")
    done = run(work, *options)
    assert done.returncode == 0, done.stderr
    assert best.stat().st_mtime_ns == before
    (work / "tiny.yaml").write_text(CONFIG.replace("layers: 1", "layers: 2"))
    done = run(work, *options)
    assert done.returncode == 0, done.stderr
    assert "done before" not in done.stdout
    assert read_checkpoint(best).facts["config"]["model"]["layers"] == 2


def test_stages_ask_for_those_before(tmp_path: Path) -> None:
    done = run(tmp_path, "--stage", "6", "--stop-stage", "6")
    assert done.returncode == 2
    assert "model.onnx is not there; run stage 5 first" in done.stderr
