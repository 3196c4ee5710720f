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
        targets: (B, V) float32, the share of each class.
    """

    wave: Tensor
    wave_lens: Tensor
    targets: Tensor


def make_batch(
    dataset: Dataset, indices: Tensor, augmenter: Augmenter, epoch: int, num_labels: int
) -> Batch:
    """Cut and change the clips `indices` (B) as epoch `epoch` will have them."""
    wave, wave_lens = _waves(dataset, indices, augmenter, epoch)
    targets = nn.functional.one_hot(dataset.targets[indices], num_labels).to(torch.float32)
    if augmenter.config.mixup_probability:
        partners, weights = augmenter.mixup(indices, epoch, len(dataset))
        others, other_lens = _waves(dataset, partners, augmenter, epoch)
        weights = weights.to(wave.device)
        wave, wave_lens = mix(wave, wave_lens, others, other_lens, weights)
        share = weights[:, None]
        labels = nn.functional.one_hot(dataset.targets[partners], num_labels)
        targets = share * targets + (1 - share) * labels
    return Batch(wave, wave_lens, targets)


def _waves(
    dataset: Dataset, indices: Tensor, augmenter: Augmenter, epoch: int
) -> tuple[Tensor, Tensor]:
    return augmenter.waves(
        dataset.arena, dataset.starts[indices], dataset.lengths[indices], indices, epoch
    )
