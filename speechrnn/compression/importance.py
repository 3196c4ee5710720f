"""How much each unit of a network matters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from speechrnn.compression.groups import Group
from speechrnn.models.command import CommandModel

Scores = list[Tensor]  # (N) of each group


@torch.no_grad()
def by_magnitude(model: CommandModel, groups: Iterable[Group]) -> Scores:
    """The sum of squares of all weights that make a unit or read it."""
    weights = dict(model.named_parameters())
    return [
        _sums({name: p.square() for name, p in weights.items()}, group, True) for group in groups
    ]


def by_taylor(
    model: CommandModel, groups: list[Group], batches: Iterable[tuple[Tensor, Tensor, Tensor]]
) -> Scores:
    """How much the loss would change without a unit, to first order, squared; the mean of batches.

    P. Molchanov et al. 2019, "Importance estimation for neural network pruning" (arXiv 1906.10771).
    The derivative by a factor in front of a unit is the sum, over all weights that read it, of
    weight times gradient: what it does within the recurrence is counted in.

    Args:
        model: With a clip head.
        groups: Its units.
        batches: (B, S) waves, (B) samples and (B) labels each.
    """
    weights = dict(model.named_parameters())
    scores = [torch.zeros(group.size) for group in groups]
    count = 0
    for wave, wave_lens, targets in batches:
        with torch.no_grad():
            feats, feat_lens = model.features(wave, wave_lens)
        loss = nn.functional.cross_entropy(model.logits(feats, feat_lens), targets)
        model.zero_grad(set_to_none=True)
        loss.backward()
        effects = {
            name: torch.zeros_like(p) if p.grad is None else p.detach() * p.grad
            for name, p in weights.items()
        }
        for score, group in zip(scores, groups, strict=True):
            score += _sums(effects, group, False).square()
        count += 1
    model.zero_grad(set_to_none=True)
    return [score / count for score in scores]


def _sums(tensors: Mapping[str, Tensor], group: Group, makers: bool) -> Tensor:
    """(N) what tensors have in the slots of each unit; statistics are in none of them."""
    slots = group.read_by + (group.made_by if makers else ())
    parts = [slot.of(tensors[slot.tensor]).sum(1) for slot in slots if slot.tensor in tensors]
    return torch.stack(parts).sum(0)
