"""Magnitude pruning: a growing share of zeros that stay zeros."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch

from speechrnn.config import Config, parse_config
from speechrnn.datadir import read_datadir
from speechrnn.models.command import CommandModel
from speechrnn.models.matrices import matrices
from speechrnn.training.checkpoint import load_experiment, read_checkpoint
from speechrnn.training.corpus import Corpus
from speechrnn.training.loop import train
from speechrnn.training.observer import Observer
from speechrnn.training.optimizer import make_optimizer, start_average, update_average
from speechrnn.training.sparsity import Sparsity, sparsity_at
from speechrnn.vocabulary import Vocabulary

CPU = torch.device("cpu")


def config(**training: object) -> Config:
    tree = {
        "clip_ms": 800,
        "features": {"sample_rate_hz": 8000, "high_hz": 3800, "n_mels": 20, "n_mfcc": 10},
        "model": {"hidden_size": 12, "layers": 1, "convolutions": [{"channels": 8, "kernel": 3}]},
        "training": {"epochs": 6, "batch_size": 4, "learning_rate": 0.02, **training},
    }
    return parse_config(tree, "test")


def zeros(model: CommandModel) -> dict[str, torch.Tensor]:
    return {name: weight.detach() == 0 for name, weight in matrices(model).items()}


def test_the_share_grows_fast_first_and_ends_half_way() -> None:
    shares = [sparsity_at(0.8, step, 100) for step in range(0, 101, 10)]
    assert shares[0] == 0
    growth = [later - earlier for earlier, later in pairwise(shares)]
    assert growth[:5] == sorted(growth[:5], reverse=True)
    assert shares[5:] == [0.8] * 6


def test_the_smallest_weights_go_and_never_come_back() -> None:
    torch.manual_seed(0)
    settings = config().training
    model = CommandModel(config(), Vocabulary(["no", "yes"]))
    optimizer, average = make_optimizer(model, settings), start_average(model)
    sparsity = Sparsity(model, average, 0.75)
    before = zeros(model)
    for step in range(60):
        for parameter in model.parameters():
            parameter.grad = torch.randn_like(parameter)
        weights = {name: weight.detach().clone() for name, weight in matrices(model).items()}
        sparsity.step(optimizer, step, 60)
        update_average(average, model, 0.99, step)
        after = zeros(model)
        for name, zero in after.items():
            assert zero[before[name]].all()
            new = zero & ~before[name]
            if step < 30 and new.any() and not zero.all():  # the rest moved in this step too
                assert weights[name][new].abs().mean() < weights[name][~zero].abs().mean()
            assert (average[name][zero] == 0).all()
        before = after
    for name, zero in before.items():
        assert int(zero.sum()) == round(0.75 * zero.numel()), name


def test_no_share_is_an_ordinary_step() -> None:
    model = CommandModel(config(), Vocabulary(["no", "yes"]))
    with torch.no_grad():
        next(iter(matrices(model).values())).zero_()
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    Sparsity(model, start_average(model), 0.0).step(make_optimizer(model, config().training), 0, 9)
    assert not any(zero.any() for zero in zeros(model).values())


class _StopAt(Observer):
    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def epoch_done(self, record: dict) -> None:
        if record["epoch"] == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("epoch", [2, 5])  # while the share grows, and after it
def test_resumed_run_ends_with_the_same_bits(epoch: int, tones: Path, tmp_path: Path) -> None:
    corpus = Corpus(read_datadir(tones / "train"), read_datadir(tones / "valid"))
    settings = config(sparsity=0.6)
    train(settings, corpus, tmp_path / "whole", device=CPU)
    with pytest.raises(KeyboardInterrupt):
        train(settings, corpus, tmp_path / "cut", device=CPU, observer=_StopAt(epoch))
    train(settings, corpus, tmp_path / "cut", device=CPU, resume=True)
    last = "checkpoints/epoch-0006.safetensors"
    whole, cut = (read_checkpoint(tmp_path / run / last).tensors for run in ("whole", "cut"))
    assert whole.keys() == cut.keys()
    for name, tensor in whole.items():
        assert torch.equal(tensor, cut[name]), name
    for name, zero in zeros(load_experiment(tmp_path / "cut")).items():
        assert float(zero.float().mean()) >= 0.59, name
