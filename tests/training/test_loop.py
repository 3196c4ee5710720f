"""The training loop: it learns, resumes bit for bit, and says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from speechrnn.config import Config, parse_config
from speechrnn.datadir import read_datadir
from speechrnn.errors import ConfigError, ModelError
from speechrnn.training.checkpoint import load_experiment, read_checkpoint
from speechrnn.training.corpus import Corpus
from speechrnn.training.distributed import pick_device
from speechrnn.training.loop import train
from speechrnn.training.observer import Observer

CPU = torch.device("cpu")


def tiny_config(**training: object) -> Config:
    tree = {
        "clip_ms": 800,
        "features": {"sample_rate_hz": 8000, "high_hz": 3800, "n_mels": 20, "n_mfcc": 10},
        "model": {"hidden_size": 12, "layers": 1, "pooling": "mean"},
        "training": {"epochs": 4, "batch_size": 8, "learning_rate": 0.02, **training},
    }
    return parse_config(tree, "test")


@pytest.fixture(scope="module")
def corpus(tones: Path) -> Corpus:
    return Corpus(read_datadir(tones / "train"), read_datadir(tones / "valid"))


def test_learns_tones_of_a_speaker_never_heard(corpus: Corpus, tmp_path: Path) -> None:
    best = train(tiny_config(epochs=12), corpus, tmp_path / "run", device=CPU)
    assert best["valid_accuracy"] == 1.0


def test_leaves_a_run_directory(corpus: Corpus, tmp_path: Path) -> None:
    train(tiny_config(epochs=2), corpus, tmp_path, device=CPU)
    records = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == [1, 2]
    assert {"train_loss", "valid_loss", "valid_accuracy", "clips_per_s"} <= set(records[0])
    environment = json.loads((tmp_path / "environment.json").read_text())
    assert environment["torch"] == torch.__version__ and environment["seed"] == 0
    assert "epoch=2" in (tmp_path / "train.log").read_text()
    assert list((tmp_path / "tensorboard").glob("events*"))
    assert load_experiment(tmp_path).vocabulary.symbols == ("high", "low", "mid")


class _Killed(Exception):
    pass


class _KillAt(Observer):
    """Ends the run in the middle of an epoch, as a kill would."""

    def __init__(self, epoch: int, step: int) -> None:
        self.epoch, self.step, self.seen, self.now = epoch, step, 0, 0

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        self.now, self.seen = epoch, 0

    def step_done(self, loss: float, clips: int) -> None:
        self.seen += 1
        if (self.now, self.seen) == (self.epoch, self.step):
            raise _Killed


def test_resumed_run_ends_with_the_same_bits(corpus: Corpus, tmp_path: Path) -> None:
    config = tiny_config()
    train(config, corpus, tmp_path / "whole", device=CPU)
    with pytest.raises(_Killed):
        train(config, corpus, tmp_path / "cut", device=CPU, observer=_KillAt(3, 2))
    train(config, corpus, tmp_path / "cut", device=CPU, resume=True)
    last = "checkpoints/epoch-0004.safetensors"
    whole, cut = (read_checkpoint(tmp_path / run / last) for run in ("whole", "cut"))
    assert whole.tensors.keys() == cut.tensors.keys()
    for name, tensor in whole.tensors.items():
        assert torch.equal(tensor, cut.tensors[name]), name
    lines = (tmp_path / "cut" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3, 4]


def test_resume_takes_the_last_whole_checkpoint(corpus: Corpus, tmp_path: Path) -> None:
    train(tiny_config(), corpus, tmp_path, device=CPU)
    last = tmp_path / "checkpoints/epoch-0004.safetensors"
    good = read_checkpoint(last)
    last.write_bytes(last.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"epoch-0004\.safetensors: damaged"):
        read_checkpoint(last)
    train(tiny_config(), corpus, tmp_path, device=CPU, resume=True)
    again = read_checkpoint(last)
    assert all(torch.equal(tensor, again.tensors[name]) for name, tensor in good.tensors.items())


def test_a_run_is_not_overwritten(corpus: Corpus, tmp_path: Path) -> None:
    train(tiny_config(epochs=1), corpus, tmp_path, device=CPU)
    with pytest.raises(ConfigError, match="pass --resume"):
        train(tiny_config(epochs=1), corpus, tmp_path, device=CPU)
    with pytest.raises(ConfigError, match=r"training\.epochs: 1 before, 2 now"):
        train(tiny_config(epochs=2), corpus, tmp_path, device=CPU, resume=True)


def test_a_run_is_not_resumed_on_other_data(corpus: Corpus, tmp_path: Path) -> None:
    train(tiny_config(), corpus, tmp_path, device=CPU)
    other = Corpus(corpus.train[:-1], corpus.valid)
    with pytest.raises(ConfigError, match="begun on other data"):
        train(tiny_config(), other, tmp_path, device=CPU, resume=True)


def test_stops_early_when_validation_stalls(corpus: Corpus, tmp_path: Path) -> None:
    # A rate this small changes nothing measurable, so no epoch beats the first by much;
    # a huge one makes it worse. Either way patience must end the run.
    config = tiny_config(epochs=40, learning_rate=3.0, patience=2, warmup_share=0.0)
    best = train(config, corpus, tmp_path, device=CPU)
    epochs = len((tmp_path / "metrics.jsonl").read_text().splitlines())
    assert epochs < 40 and epochs == best["epoch"] + 2


def test_without_validation_the_last_epoch_is_kept(corpus: Corpus, tmp_path: Path) -> None:
    best = train(tiny_config(epochs=2), Corpus(corpus.train), tmp_path, device=CPU)
    assert best["epoch"] == 2 and "valid_loss" not in best


def test_loss_that_is_no_number_stops_the_run(corpus: Corpus, tmp_path: Path) -> None:
    config = tiny_config(learning_rate=1e30, clip_norm=None, warmup_share=0.0)
    with pytest.raises(ModelError, match=r"loss is (nan|inf) in epoch \d"):
        train(config, corpus, tmp_path, device=CPU)


@pytest.mark.parametrize("name", ["cuda:99", "potato"])
def test_no_such_device(name: str) -> None:
    with pytest.raises(ConfigError, match="--device"):
        pick_device(name)
