"""The CTC loss against the sum over all paths, and what has no path."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from speechrnn.training.ctc_loss import ctc_loss


def collapsed(path: tuple[int, ...]) -> list[int]:
    return [symbol for symbol, _ in itertools.groupby(path) if symbol]


@pytest.mark.parametrize("target", [[], [1], [1, 2], [2, 2], [1, 2, 1]])
@pytest.mark.parametrize("frames", [1, 3, 5])
def test_sums_over_all_paths(target: list[int], frames: int) -> None:
    torch.manual_seed(len(target) + frames)
    log_probs = torch.randn(1, 6, 3, dtype=torch.float64).log_softmax(-1)
    paths = itertools.product(range(3), repeat=frames)
    total = sum(
        math.exp(sum(float(log_probs[0, t, s]) for t, s in enumerate(path)))
        for path in paths
        if collapsed(path) == target
    )
    targets = torch.tensor([[*target, 0]])
    loss, left_out = ctc_loss(
        log_probs, torch.tensor([frames]), targets, torch.tensor([len(target)])
    )
    if total:
        assert left_out == 0
        assert float(loss) == pytest.approx(-math.log(total) / max(1, len(target)), rel=1e-9)
    else:
        assert left_out == 1 and float(loss) == 0.0


def test_leaves_out_what_is_impossible_and_learns_from_the_rest() -> None:
    logits = torch.zeros(2, 2, 3, requires_grad=True)
    targets, lens = torch.tensor([[1, 1], [1, 2]]), torch.tensor([2, 2])
    loss, left_out = ctc_loss(logits.log_softmax(-1), lens, targets, lens)
    loss.backward()
    assert left_out == 1 and loss.isfinite()
    assert logits.grad is not None
    assert not logits.grad[0].any() and logits.grad[1].any()


def test_where_nothing_is_said_blank_is_learnt() -> None:
    logits = torch.zeros(2, 3, 2)
    nothing = torch.zeros(2, 0, dtype=torch.int64)
    loss, left_out = ctc_loss(
        logits.log_softmax(-1), torch.tensor([3, 3]), nothing, torch.zeros(2, dtype=torch.int64)
    )
    assert float(loss) == pytest.approx(3 * math.log(2)) and left_out == 0


def test_gradient() -> None:
    logits = torch.randn(2, 5, 3, dtype=torch.float64, requires_grad=True)
    targets, lens = torch.tensor([[1, 2], [2, 0]]), torch.tensor([5, 4])

    def of_logits(x: torch.Tensor) -> torch.Tensor:
        return ctc_loss(x.log_softmax(-1), lens, targets, torch.tensor([2, 1]))[0]

    assert torch.autograd.gradcheck(of_logits, logits)
