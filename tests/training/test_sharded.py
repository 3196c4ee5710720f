"""Training from shards, of which a few clips are in memory at a time."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from speechrnn.datadir import read_datadir
from speechrnn.shards.folder import make_shards
from speechrnn.training.checkpoint import read_checkpoint
from speechrnn.training.corpus import Corpus
from speechrnn.training.loop import train
from speechrnn.training.observer import Observer

sys.path.insert(0, str(Path(__file__).parent))
from together import SECTIONS, SMALL_BLOCKS, config_of, shards_of

CPU = torch.device("cpu")


@pytest.fixture
def corpus(tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    """36 clips in 8 shards, 9 at a time."""
    monkeypatch.setattr("speechrnn.training.corpus.ShardedDataset", SMALL_BLOCKS)
    return Corpus([shards_of(tones, tmp_path / "shards")], read_datadir(tones / "valid"))


class _Killed(Exception):
    pass


class _KillAt(Observer):
    def __init__(self, step: int) -> None:
        self.left = step

    def step_done(self, loss: float, clips: int) -> None:
        self.left -= 1
        if not self.left:
            raise _Killed


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_goes_on_in_the_middle_of_an_epoch_bit_for_bit(
    name: str, corpus: Corpus, tmp_path: Path
) -> None:
    config = config_of(name)
    train(config, corpus, tmp_path / "whole", device=CPU)
    with pytest.raises(_Killed):
        train(config, corpus, tmp_path / "cut", device=CPU, observer=_KillAt(15))
    train(config, corpus, tmp_path / "cut", device=CPU, resume=True)
    last = "checkpoints/epoch-0002.safetensors"
    whole, cut = (read_checkpoint(tmp_path / run / last) for run in ("whole", "cut"))
    assert whole.tensors.keys() == cut.tensors.keys()
    for tensor_name, tensor in whole.tensors.items():
        assert torch.equal(tensor, cut.tensors[tensor_name]), tensor_name


def test_learns(corpus: Corpus, tmp_path: Path) -> None:
    tree = config_of("clips").model_dump()
    tree["training"] |= {"epochs": 10}
    config = type(config_of("clips"))(**tree)
    assert train(config, corpus, tmp_path / "run", device=CPU)["valid_accuracy"] == 1.0


def test_all_lists_may_be_shards(corpus: Corpus, tones: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        valid = make_shards(read_datadir(tones / "valid"), tmp_path / "v", 8000, threads)
    config = config_of("clips")
    runs = [
        Corpus(corpus.train, corpus.valid),
        Corpus(corpus.train, [valid]),
        Corpus(corpus.train, [valid], [valid]),
    ]
    files, shards, noisy = (
        train(config, lists, tmp_path / str(number), device=CPU)
        for number, lists in enumerate(runs)
    )
    assert shards["valid_loss"] == pytest.approx(files["valid_loss"], abs=1e-6)
    assert shards["train_loss"] == files["train_loss"] != noisy["train_loss"]
