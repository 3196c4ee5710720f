"""Magnitude pruning while a network is trained."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from speechrnn.models.command import CommandModel
from speechrnn.models.matrices import matrices

_LOOKS = 100  # at the weights, in all of the training
_DONE_AFTER = 0.5  # of the training: the other half learns with what is left


class Sparsity:
    """Keeps a growing share of each matrix at zero: the smallest weights, by magnitude.

    M. Zhu and S. Gupta 2017, "To prune, or not to prune: exploring the efficacy of pruning for
    model compression" (arXiv 1710.01878). A weight that is zero stays zero, so that weights tell
    by themselves which of them are pruned: nothing else has to be kept for a run to go on.
    """

    def __init__(self, model: CommandModel, average: dict[str, Tensor], share: float) -> None:
        """Set up.

        Args:
            model: The network.
            average: The running average of its weights.
            share: Of each matrix's weights that are zero in the end; 0: leave all as they are.
        """
        self._weights = {name: p.detach() for name, p in matrices(model).items()} if share else {}
        self._average = average
        self._share = share

    def step(self, optimizer: torch.optim.Optimizer, step: int, total_steps: int) -> None:
        """Take the optimizer's step number `step` (from 0) of `total_steps`."""
        pruned = [weight == 0 for weight in self._weights.values()]
        optimizer.step()
        for weight, zero in zip(self._weights.values(), pruned, strict=True):
            weight.masked_fill_(zero, 0.0)
        if self._weights and step % max(1, total_steps // _LOOKS) == 0:
            self._prune(sparsity_at(self._share, step, total_steps))

    def notes(self, before: Sequence[str]) -> list[str]:
        """What was done to make the network smaller, and what will be, a line each."""
        return [*before, *([f"{self._share:.0%} of each matrix zero"] if self._share else [])]

    def _prune(self, share: float) -> None:
        for name, weight in self._weights.items():
            count = round(share * weight.numel())
            smallest = weight.abs().flatten().topk(count, largest=False, sorted=False).indices
            for tensor in (weight, self._average[name]):
                tensor.view(-1)[smallest] = 0.0


def sparsity_at(share: float, step: int, total_steps: int) -> float:
    """The share of weights at zero: fast growth first, then less and less."""
    done = min(1.0, step / max(1.0, _DONE_AFTER * total_steps))
    return share * (1 - (1 - done) ** 3)
