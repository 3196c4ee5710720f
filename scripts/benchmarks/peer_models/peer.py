"""A network of others with the settings its authors published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn
from torch.optim import Optimizer

SAMPLE_RATE_HZ = 16000
CLIP_SAMPLES = SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Peer:
    """What the training loop and the measurements need to know.

    Attributes:
        name: As the table calls it.
        features: (B, S) float32 samples at 16 kHz to what `network` reads; nothing to learn.
        network: To (B, V) logits or log-probabilities.
        optimizer: Holds the parameters of `network`.
        learning_rate: Of the share of the budget that is spent and of the epochs done.
        batch_size: Clips of a step, before `augment`.
        augment: (B, S) waves and (B) classes to those that are learnt from, which may be more.
    """

    name: str
    features: nn.Module
    network: nn.Module
    optimizer: Optimizer
    learning_rate: Callable[[float, float], float]
    batch_size: int
    augment: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
