"""A few steps of training with clipping and without."""

from __future__ import annotations

import pytest
import torch

from speechrnn.config import TrainingConfig, parse_config
from speechrnn.diagnosis.clipping import train_twice
from speechrnn.models.command import CommandModel
from speechrnn.vocabulary import Vocabulary

WAVES, LENS = 0.1 * torch.randn(4, 4000), torch.full((4,), 4000)


def loss_of(model: CommandModel, step: int) -> torch.Tensor:
    logits = model.logits(*model.features(WAVES, LENS))
    return torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 0, 1])) * (1 + step)


@pytest.fixture
def model() -> CommandModel:
    torch.manual_seed(0)
    config = parse_config({"model": {"hidden_size": 8, "layers": 1, "pooling": "mean"}}, "test")
    return CommandModel(config, Vocabulary(["go", "no"]))


def test_trains_a_copy_without_and_one_with_clipping(model: CommandModel) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    plain, clipped = train_twice(model, TrainingConfig(clip_norm=0.01), 3, loss_of)
    assert (plain.clipped, clipped.clipped) == (False, True)
    assert plain.norms[0] == clipped.norms[0]  # norms are those before clipping
    assert plain.losses[0] == clipped.losses[0]
    assert plain.losses[2] != clipped.losses[2]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_first_norm_is_that_of_the_gradient(model: CommandModel) -> None:
    settings = TrainingConfig(clip_norm=None)
    (only,) = train_twice(model, settings, 1, loss_of)
    torch.manual_seed(settings.seed)
    loss_of(model.train(), 0).backward()
    square = sum(float(p.grad.square().sum()) for p in model.parameters() if p.grad is not None)
    assert only.norms[0] == pytest.approx(square**0.5, rel=1e-5)


def test_counts_what_a_norm_would_cut(model: CommandModel) -> None:
    (only,) = train_twice(model, TrainingConfig(clip_norm=None), 4, loss_of)
    ordered = sorted(only.norms)
    assert only.share_above(ordered[1]) == 0.5
    assert only.share_above(ordered[-1]) == 0.0 and only.share_above(0.0) == 1.0


def test_ends_where_the_loss_is_no_number(model: CommandModel) -> None:
    def breaking(network: CommandModel, step: int) -> torch.Tensor:
        return loss_of(network, step) * (float("nan") if step == 2 else 1.0)

    (only,) = train_twice(model, TrainingConfig(clip_norm=None), 4, breaking)
    assert len(only.norms) == len(only.losses) == 2
