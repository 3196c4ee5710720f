"""A training batch: clips cut, changed at random, and mixed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speechrnn.augment import Augmenter
from speechrnn.augment.mixup import mix
from speechrnn.dataset import Dataset


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Attributes:
        wave: (B, S) float32, zero beyond each length.
        wave_lens: (B) int64, samples.
        targets: (B, V) float32, the share of each class; V is 0 where there are none.
    """

    wave: Tensor
    wave_lens: Tensor
    targets: Tensor


def make_batch(
    dataset: Dataset, draws: Tensor, augmenter: Augmenter, epoch: int, num_labels: int
) -> Batch:
    """Cut and change the clips of `draws` (B), see `Dataset`, as epoch `epoch` has them."""
    wave, wave_lens = _waves(dataset, draws, augmenter, epoch)
    if not num_labels:
        return Batch(wave, wave_lens, wave.new_zeros(len(wave), 0))
    labels = dataset.targets[dataset.clips(draws)]
    targets = nn.functional.one_hot(labels, num_labels).to(torch.float32)
    if augmenter.config.mixup_probability:
        partners, weights = augmenter.mixup(draws, epoch, len(dataset))
        partners = torch.where(weights < 1, dataset.draws(partners % len(dataset)), draws)
        others, other_lens = _waves(dataset, partners, augmenter, epoch)
        weights = weights.to(wave.device)
        wave, wave_lens = mix(wave, wave_lens, others, other_lens, weights)
        share = weights[:, None]
        labels = dataset.targets[dataset.clips(partners)]
        targets = share * targets + (1 - share) * nn.functional.one_hot(labels, num_labels)
    return Batch(wave, wave_lens, targets)


def _waves(
    dataset: Dataset, draws: Tensor, augmenter: Augmenter, epoch: int
) -> tuple[Tensor, Tensor]:
    clips = dataset.clips(draws)
    return augmenter.waves(
        dataset.arena, dataset.starts[clips], dataset.lengths[clips], draws, epoch
    )
