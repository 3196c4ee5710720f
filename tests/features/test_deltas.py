"""Deltas. They hold sums of five numbers of size 1: 1e-4 is far above float32's rounding."""

from __future__ import annotations

import pytest
import torch
from torchaudio.functional import compute_deltas

from speechrnn.features.deltas import append_deltas


@pytest.mark.parametrize("orders", [0, 1, 2])
def test_deltas_are_torchaudios_away_from_the_edges(orders: int) -> None:
    torch.manual_seed(0)
    feats = torch.randn(3, 30, 7)
    parts = [feats.transpose(1, 2)]
    for _ in range(orders):
        parts.append(compute_deltas(parts[-1], 5))
    expected = torch.cat(parts, dim=1).transpose(1, 2)[:, 2 * orders : 30 - 2 * orders]
    joined = append_deltas(feats, orders, 5)
    torch.testing.assert_close(joined, expected, rtol=0, atol=1e-4)


def test_a_ramp_has_its_slope_and_no_bend() -> None:
    ramp = 0.5 * torch.arange(12.0)[None, :, None]
    joined = append_deltas(ramp, 2, 5)
    expected = torch.stack([ramp[0, 4:8, 0], torch.full((4,), 0.5), torch.zeros(4)], 1)
    torch.testing.assert_close(joined[0], expected, rtol=0, atol=1e-4)
