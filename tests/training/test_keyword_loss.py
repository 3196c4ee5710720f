"""The max-pooling loss against its definition, clip by clip."""

from __future__ import annotations

import math

import torch

from speechrnn.training.keyword_loss import keyword_loss


def test_equals_the_definition() -> None:
    torch.manual_seed(0)
    log_probs = torch.randn(2, 9, 4, dtype=torch.float64).log_softmax(-1)
    begins, words = torch.tensor([[1, 4], [0, 6]]), torch.tensor([[2, 0], [3, 1]])
    probs = log_probs.exp()
    total = 0.0
    for row in range(2):
        for clip in range(2):
            end = begins[row, 1] if clip == 0 else 9
            frames = probs[row, begins[row, clip] : end]
            for symbol in (1, 2, 3):
                best = float(frames[:, symbol].max())
                own = symbol == words[row, clip]
                total -= math.log(best if own else 1 - best)
    loss = keyword_loss(log_probs, begins, words)
    torch.testing.assert_close(loss, torch.tensor(total / 4, dtype=torch.float64))


def test_certainty_of_the_wrong_word_stays_finite() -> None:
    logits = torch.zeros(1, 3, 3)
    logits[0, 1, 1] = 200.0
    logits.requires_grad_()
    loss = keyword_loss(logits.log_softmax(-1), torch.tensor([[0]]), torch.tensor([[2]]))
    loss.backward()
    assert loss.isfinite() and logits.grad is not None and logits.grad.isfinite().all()


def test_only_the_likeliest_frame_has_to_name_the_word() -> None:
    logits = torch.zeros(1, 4, 2)
    logits[0, 2, 1] = 20.0
    loss = keyword_loss(logits.log_softmax(-1), torch.tensor([[0]]), torch.tensor([[1]]))
    assert loss < 1e-6


def test_a_clip_without_a_frame_costs_nothing() -> None:
    log_probs = torch.randn(1, 4, 2).log_softmax(-1)
    both = keyword_loss(log_probs, torch.tensor([[0, 0]]), torch.tensor([[1, 1]]))
    alone = keyword_loss(log_probs, torch.tensor([[0]]), torch.tensor([[1]]))
    torch.testing.assert_close(2 * both, alone)
