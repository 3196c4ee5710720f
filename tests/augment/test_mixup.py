"""Mixup. The table of Beta quantiles is right to 1e-3, checked against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import beta

from speechrnn.augment.mixup import mix, mixup_partners


@pytest.mark.parametrize("alpha", [0.1, 0.2, 1.0, 5.0])
def test_weights_follow_beta(alpha: float) -> None:
    _, weights = mixup_partners(0, 0, torch.arange(20_000), 20_000, 1.0, alpha)
    shares = np.linspace(0.01, 0.5, 50)
    # Shares of 20,000 draws are off by at most 0.018, five standard errors. Weights near 1 have
    # no such precision in float32; the other half is the mirror image.
    for half in (weights, 1 - weights):
        found = beta(alpha, alpha).cdf(np.quantile(half.numpy(), shares))
        np.testing.assert_allclose(found[shares > 0.1], shares[shares > 0.1], atol=0.018)


def test_partners_come_from_the_whole_data_set_as_often_as_asked() -> None:
    utterances = torch.arange(4000)
    partners, weights = mixup_partners(1, 3, utterances, 4000, 0.25, 0.2)
    mixed = partners != utterances
    assert abs(mixed.float().mean() - 0.25) < 0.04
    assert (weights[mixed] < 1).float().mean() > 0.95  # a few round to 1
    assert (weights[~mixed] == 1).float().mean() > 0.99  # a few met themselves
    assert partners.min() >= 0 and partners.max() < 4000
    assert len(partners[mixed].unique()) > 0.8 * mixed.sum()
    again, _ = mixup_partners(1, 3, utterances[100:103], 4000, 0.25, 0.2)
    torch.testing.assert_close(again, partners[100:103], rtol=0, atol=0)
    none, ones = mixup_partners(1, 3, utterances, 4000, 0.0, 0.2)
    torch.testing.assert_close((none, ones), (utterances, torch.ones(4000)), rtol=0, atol=0)


def test_mix_adds_weighted_waves_of_any_length() -> None:
    wave, lens = torch.tensor([[1.0, 2.0], [3.0, 0.0]]), torch.tensor([2, 1])
    others, other_lens = torch.tensor([[10.0, 10.0, 10.0], [5.0, 5.0, 0.0]]), torch.tensor([3, 2])
    mixed, mixed_lens = mix(wave, lens, others, other_lens, torch.tensor([0.75, 1.0]))
    expected = torch.tensor([[3.25, 4.0, 2.5], [3.0, 0.0, 0.0]])
    torch.testing.assert_close(mixed, expected)
    assert mixed_lens.tolist() == [3, 1]
