"""Truncated back-propagation through time: the same outputs, gradients that reach not so far."""

from __future__ import annotations

from typing import get_args

import pytest
import torch

from speechrnn.config import Cell, parse_config
from speechrnn.models.cells import make_layer
from speechrnn.models.command import CommandModel
from speechrnn.vocabulary import Vocabulary

CELLS = get_args(Cell)
EXACT = {"rtol": 0, "atol": 1e-12}
LENS = torch.tensor([7, 5])


def layer_and_frames(cell, bidirectional=False):
    torch.manual_seed(0)
    layer = make_layer(cell, 3, 4, bidirectional).double()
    return layer, torch.randn(2, 7, 3, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_outputs_are_those_of_the_whole(cell, bidirectional):
    layer, x = layer_and_frames(cell, bidirectional)
    expected, _ = layer(x, LENS, None, None)
    for frames in (1, 3, 7, 9):
        output = layer.truncated(x, LENS, frames)
        for row, length in enumerate(LENS.tolist()):
            torch.testing.assert_close(output[row, :length], expected[row, :length], **EXACT)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_a_long_stretch_has_the_whole_gradient(cell, bidirectional):
    layer, x = layer_and_frames(cell, bidirectional)
    valid = (torch.arange(7) < LENS[:, None])[:, :, None]
    expected, _ = layer(x, LENS, None, None)
    inputs = [x, *layer.parameters()]
    whole = torch.autograd.grad((expected * valid).sin().sum(), inputs)
    output = layer.truncated(x, LENS, 7)
    found = torch.autograd.grad((output * valid).sin().sum(), inputs)
    torch.testing.assert_close(found, whole, **EXACT)


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell != "feedforward"])
def test_gradients_stay_inside_a_stretch_of_each_direction(cell):
    """Which input frames of which utterance an output's gradient reaches."""
    layer, x = layer_and_frames(cell, bidirectional=True)
    output = layer.truncated(x, LENS, 3)
    forward, backward = output.chunk(2, dim=2)

    def reached(of, row, frame):
        (gradient,) = torch.autograd.grad(of[row, frame].sum(), x, retain_graph=True)
        assert not gradient[1 - row].any()
        return gradient[row].abs().sum(-1).nonzero().flatten().tolist()

    assert reached(forward, 0, 2) == [0, 1, 2]
    assert reached(forward, 0, 4) == [3, 4]
    assert reached(forward, 1, 3) == [3]
    assert reached(backward, 0, 1) == [1, 2, 3]  # stretches from its end: 6 5 4, 3 2 1, 0
    assert reached(backward, 0, 0) == [0]
    assert reached(backward, 1, 0) == [0, 1]  # of the shorter one: 4 3 2, 1 0
    assert reached(backward, 1, 2) == [2, 3, 4]


def test_weights_get_the_sum_over_stretches():
    """Against a network that is cut by hand."""
    layer, x = layer_and_frames("lstm")
    first, (hidden, cell) = layer.rnn(x[:, :4])
    second, _ = layer.rnn(x[:, 4:], (hidden.detach(), cell.detach()))
    parameters = list(layer.parameters())
    expected = torch.autograd.grad(torch.cat([first, second], 1).sin().sum(), parameters)
    output = layer.truncated(x, torch.tensor([7, 7]), 4)
    torch.testing.assert_close(
        torch.autograd.grad(output.sin().sum(), parameters), expected, **EXACT
    )


def test_the_network_cuts_what_is_longer():
    torch.manual_seed(0)
    config = parse_config({"model": {"hidden_size": 4, "layer_norm": True, "dropout": 0}}, "test")
    model = CommandModel(config, Vocabulary(["go", "no"]))
    feats, lens = model.features(0.1 * torch.randn(1, 16000), torch.tensor([16000]))

    def gradient(bptt_frames):
        logits = model.clip_logits(*model.hidden(feats, lens, bptt_frames))
        return torch.autograd.grad(logits[0, 0], model.encoder.layers[0].rnn.weight_hh_l0)[0]

    whole = gradient(None)
    assert torch.equal(gradient(25), whole)
    assert not torch.allclose(gradient(2), whole, rtol=0.01)
