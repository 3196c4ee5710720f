"""The adding problem: what it asks, and who can do it over 200 frames."""

from __future__ import annotations

import itertools
import statistics

import pytest
import torch

from speechrnn.diagnosis.adding import CHANCE, adding_batch, learn_adding

FRAMES, STEPS, WINDOW = 200, 600, 50


def errors_of(cell, learning_rate=0.02, steps=STEPS, memory_frames=None, enough=CHANCE / 3):
    """Means over the last steps, until one is low enough."""
    sizes = {"hidden_size": 16, "batch_size": 16}
    rates = {"learning_rate": learning_rate, "memory_frames": memory_frames}
    learning = learn_adding(cell, FRAMES, **sizes, **rates)
    errors, means = [], []
    for error in itertools.islice(learning, steps):
        errors.append(error)
        if len(errors) >= WINDOW:
            means.append(statistics.mean(errors[-WINDOW:]))
            if means[-1] < enough:
                break
    return means


def test_one_number_of_either_half_is_marked():
    x, sums = adding_batch(50, 10, torch.Generator().manual_seed(0))
    numbers, marks = x.unbind(-1)
    assert marks[:, :5].sum(1).tolist() == marks[:, 5:].sum(1).tolist() == [1.0] * 50
    assert set(marks.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(sums, (numbers * marks).sum(1))
    assert (marks.sum(0) > 0).all()


def test_chance_is_the_error_of_saying_one():
    _, sums = adding_batch(200_000, 4, torch.Generator().manual_seed(0))
    assert float((sums - 1).square().mean()) == pytest.approx(CHANCE, rel=0.01)


@pytest.mark.parametrize(
    ("cell", "learning_rate", "memory_frames"),
    [("gru", 0.02, None), ("lstm", 0.05, FRAMES), ("mingru", 0.02, None), ("rglru", 0.05, None)],
)
def test_gated_cells_add_over_200_frames(cell, learning_rate, memory_frames):
    """In 250 to 500 steps; an LSTM, if its gates are set to remember for that long."""
    assert errors_of(cell, learning_rate, memory_frames=memory_frames)[-1] < CHANCE / 3


def test_a_plain_network_does_not():
    """As many steps as any gated cell needs, and more."""
    assert min(errors_of("rnn_tanh", steps=400)) > 0.85 * CHANCE
