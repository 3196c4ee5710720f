"""How weights move: AdamW, its schedule, clipping and the running average."""

from __future__ import annotations

import math

import torch
from torch import nn

from speechrnn.config import OptimizerConfig


def make_optimizer(model: nn.Module, config: OptimizerConfig) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101); biases and gains do not decay."""
    weights = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    others = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [
        {"params": weights, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate)


def learning_rate(config: OptimizerConfig, step: int, total_steps: int) -> float:
    """Linear warm-up, then half a cosine down to zero, at `step` (from 0) of `total_steps`."""
    warmup = max(1, round(config.warmup_share * total_steps))
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, total_steps - warmup)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def clip_gradients(model: nn.Module, config: OptimizerConfig) -> float:
    """Bound the gradient by norm or by value, the cure for exploding gradients.

    Returns:
        The norm before clipping.
    """
    norm = nn.utils.get_total_norm([p.grad for p in model.parameters() if p.grad is not None])
    if config.clip_norm is not None:
        nn.utils.clip_grads_with_norm_(model.parameters(), config.clip_norm, norm)
    if config.clip_value is not None:
        nn.utils.clip_grad_value_(model.parameters(), config.clip_value)
    return float(norm)


def start_average(model: nn.Module) -> dict[str, torch.Tensor]:
    """The running average before the first step: what training changes, as it is."""
    return {name: tensor.clone() for name, tensor in trained_tensors(model).items()}


def trained_tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """Parameters, and the statistics of batch normalisation, without their history."""
    tensors = {name: p.detach() for name, p in model.named_parameters()}
    return tensors | {n: b for n, b in model.named_buffers() if ".running_" in n}


@torch.no_grad()
def update_average(
    average: dict[str, torch.Tensor], model: nn.Module, decay: float, step: int
) -> None:
    """Move the exponential average towards the parameters after step `step` (from 0).

    Early on it forgets faster, so that the random start does not linger.
    """
    weight = 1 - min(decay, (1 + step) / (10 + step))
    names, tensors = zip(*trained_tensors(model).items(), strict=True)
    torch._foreach_lerp_([average[name] for name in names], list(tensors), weight)
