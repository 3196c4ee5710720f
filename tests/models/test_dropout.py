"""Dropout: shares, scale, repeatability, and layouts of memory."""

from __future__ import annotations

import pytest
import torch

from speechrnn.models.dropout import Dropout


def test_keeps_the_share_and_the_mean() -> None:
    torch.manual_seed(0)
    x = torch.ones(997, 1009)
    y = Dropout(0.3)(x)
    values = y.unique().tolist()
    assert values == [0.0, pytest.approx(1 / 0.7, rel=1e-4)]
    # Four standard deviations of a million draws.
    assert y.mean().item() == pytest.approx(1.0, abs=4 * (0.3 / 0.7 / x.numel()) ** 0.5)
    neighbours = (y[:, 1:] * y[:, :-1]).mean().item()
    assert neighbours == pytest.approx(1.0, abs=0.01)


def test_repeats_with_the_seed_only() -> None:
    x, dropout = torch.ones(50, 7), Dropout(0.5)
    torch.manual_seed(1)
    first, second = dropout(x), dropout(x)
    torch.manual_seed(1)
    assert torch.equal(dropout(x), first) and not torch.equal(first, second)


def test_gradient_passes_where_numbers_do() -> None:
    x = torch.randn(6, 5, 4, requires_grad=True)
    y = Dropout(0.4)(x.transpose(0, 1))
    y.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad.transpose(0, 1) * x.transpose(0, 1), y)
    assert y.stride() == x.transpose(0, 1).stride()
    assert Dropout(0.4)(x[:, ::2]).shape == (6, 3, 4)


@pytest.mark.parametrize("share", [0.0, 1e-9, 1.0])
def test_nothing_or_everything(share: float) -> None:
    x = torch.randn(9, 3)
    expected = torch.zeros_like(x) if share == 1 else x
    torch.testing.assert_close(Dropout(share)(x), expected)


def test_nothing_is_dropped_in_use() -> None:
    x = torch.randn(9, 3)
    assert torch.equal(Dropout(0.9).eval()(x), x)
    assert Dropout(0.5)(x[:0]).shape == (0, 3)
