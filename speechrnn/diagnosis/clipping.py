"""What clipping does: a few steps of training with it and without, on the same batches."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from speechrnn.config import TrainingConfig
from speechrnn.models.command import CommandModel
from speechrnn.training.optimizer import clip_gradients, learning_rate, make_optimizer

LossOf = Callable[[CommandModel, int], Tensor]  # on the batch of a step


@dataclass(frozen=True)
class Steps:
    """A short training.

    Attributes:
        clipped: Whether gradients were clipped as configured.
        norms: (N) gradient's norm at each step, before clipping.
        losses: (N) loss of each step. Both end early where the loss was no number any more.
    """

    clipped: bool
    norms: np.ndarray
    losses: np.ndarray

    def share_above(self, norm: float) -> float:
        """Share of the steps whose gradient is longer: what a clip_norm of that would cut."""
        return float((self.norms > norm).mean())

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "clipped": self.clipped,
            "gradient_norms": self.norms.tolist(),
            "losses": self.losses.tolist(),
        }


def train_twice(
    model: CommandModel, settings: TrainingConfig, steps: int, loss_of: LossOf
) -> list[Steps]:
    """Train copies of a network for a few steps, without and with clipping.

    Args:
        model: The network; left as it is.
        settings: Learning rate and clipping; where nothing clips there is one training only.
        steps: How many; warm-up and decay of the learning rate are fitted into them.
        loss_of: The loss of a network on a step's batch.
    """
    unclipped = settings.model_copy(update={"clip_norm": None, "clip_value": None})
    ways = [unclipped] if settings == unclipped else [unclipped, settings]
    return [_train(copy.deepcopy(model), way, steps, loss_of, way != unclipped) for way in ways]


def _train(
    model: CommandModel, settings: TrainingConfig, steps: int, loss_of: LossOf, clipped: bool
) -> Steps:
    torch.manual_seed(settings.seed)  # the same dropout for all
    model.train()
    optimizer = make_optimizer(model, settings)
    norms, losses = [], []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(settings, step, steps)
        loss = loss_of(model, step)
        if not math.isfinite(loss.item()):
            break
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norms.append(clip_gradients(model, settings))
        losses.append(loss.item())
        optimizer.step()
    return Steps(clipped, np.array(norms), np.array(losses))
