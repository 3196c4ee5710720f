"""Linear recurrences against their definitions, step by step."""

import math

import pytest
import torch

from speechrnn.models.linear_recurrent import LinearRecurrentLayer, linear_scan


@pytest.mark.parametrize("frames", [1, 2, 3, 8, 37])
def test_the_scan_equals_a_loop(frames):
    torch.manual_seed(0)
    decay, added = torch.rand(2, frames, 3).double(), torch.randn(2, frames, 3).double()
    state = start = torch.randn(2, 3).double()
    expected = []
    for t in range(frames):
        state = decay[:, t] * state + added[:, t]
        expected.append(state)
    torch.testing.assert_close(linear_scan(decay, added, start), torch.stack(expected, 1))


def test_mingru_is_a_mean_that_moves_to_the_candidate():
    torch.manual_seed(0)
    layer = LinearRecurrentLayer("mingru", 3, 4, False)
    x, state = torch.randn(1, 6, 3), torch.randn(1, 4)
    found, _ = layer(x, torch.tensor([6]), (state,), None)
    weight, bias = layer.gates[0].weight, layer.gates[0].bias
    for t in range(6):
        share = torch.sigmoid(weight[:4] @ x[0, t] + bias[:4])
        state = (1 - share) * state + share * (weight[4:] @ x[0, t] + bias[4:])
        torch.testing.assert_close(found[:, t], state)


def test_rglru_fades_by_a_gate_and_keeps_its_variance():
    torch.manual_seed(0)
    layer = LinearRecurrentLayer("rglru", 3, 4, False)
    x, state = torch.randn(1, 6, 3), torch.randn(1, 4)
    found, _ = layer(x, torch.tensor([6]), (state,), None)
    weight, bias = layer.gates[0].weight, layer.gates[0].bias
    fade = torch.sigmoid(-layer.speed[0])  # softplus(s) = -log sigmoid(-s)
    for t in range(6):
        fading, gate, candidate = (weight @ x[0, t] + bias).split(4)
        decay = fade ** (8 * torch.sigmoid(fading))
        state = decay * state + (1 - decay**2).sqrt() * torch.sigmoid(gate) * candidate
        torch.testing.assert_close(found[:, t], state)


def test_memories_of_all_lengths_at_the_start():
    torch.manual_seed(0)
    no_input = torch.zeros(1, 1, 3)
    mingru = LinearRecurrentLayer("mingru", 3, 512, False)
    fade, _ = mingru.coefficients(no_input, backward=False)
    steps = 1 / (1 - fade)
    assert steps.min() > 1.9 and 90 < steps.max() <= 100 and 40 < steps.mean() < 60
    rglru = LinearRecurrentLayer("rglru", 3, 512, False)
    rglru.gates[0].bias.detach()[:512] = math.inf  # all the way open
    fade, _ = rglru.coefficients(no_input, backward=False)
    assert 0.899 < fade.min() < 0.91 and 0.99 < fade.max() < 0.9991
