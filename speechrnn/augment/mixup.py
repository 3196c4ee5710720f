"""Mixup: training on weighted sums of two utterances."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from speechrnn.augment.draws import Stream, uniform

_TABLE = 4096


def mixup_partners(
    seed: int, epoch: int, utterances: Tensor, count: int, probability: float, alpha: float
) -> tuple[Tensor, Tensor]:
    """Whom each utterance is mixed with, out of the whole data set.

    Zhang et al., "mixup: Beyond empirical risk minimization" (ICLR 2018).

    Args:
        seed: The run's seed.
        epoch: The epoch.
        utterances: (B) int64, indices into the data set.
        count: Utterances in the data set.
        probability: How often an utterance is mixed.
        alpha: The weight follows Beta(alpha, alpha).

    Returns:
        partners: (B) int64, the utterance itself where nothing is mixed.
        weights: (B) float32, of the utterance itself: 1 where nothing is mixed.
    """
    happens, partner, weight = uniform(seed, epoch, utterances, 3, Stream.MIXUP).unbind(1)
    mixed = happens < probability
    others = (partner.double() * count).long()
    weights = torch.from_numpy(_beta_quantiles(weight.numpy(), alpha))
    return (
        torch.where(mixed, others, utterances.cpu()),
        torch.where(mixed, weights, torch.ones_like(weights)),
    )


def mix(
    wave: Tensor, wave_lens: Tensor, others: Tensor, other_lens: Tensor, weights: Tensor
) -> tuple[Tensor, Tensor]:
    """Weighted sums of waves that begin together.

    Args:
        wave: (B, S) float32, zero beyond `wave_lens`.
        wave_lens: (B) int64, samples.
        others: (B, S') float32, zero beyond `other_lens`.
        other_lens: (B) int64, samples.
        weights: (B) float32, of `wave`.

    Returns:
        (B, max(S, S')) float32 and (B) int64 samples; rows of weight 1 keep their length.
    """
    width = max(wave.shape[1], others.shape[1])
    mixed = torch.zeros(len(wave), width, device=wave.device)
    mixed[:, : wave.shape[1]] = wave * weights[:, None]
    mixed[:, : others.shape[1]] += others * (1 - weights)[:, None]
    return mixed, torch.where(weights < 1, torch.maximum(wave_lens, other_lens), wave_lens)


def _beta_quantiles(shares: np.ndarray, alpha: float) -> np.ndarray:
    """Inverse of the distribution function of Beta(alpha, alpha), from a table."""
    # Up to 1/2, with t = x ** alpha, the density is (1 - x) ** (alpha - 1): smooth for any alpha.
    top = 0.5**alpha
    x = (top * np.linspace(0, 1, _TABLE)) ** (1 / alpha)
    density = (1 - x) ** (alpha - 1)
    area = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    half = np.interp(np.minimum(shares, 1 - shares), area / (2 * area[-1]), x)
    return np.where(shares < 0.5, half, 1 - half).astype(np.float32)
