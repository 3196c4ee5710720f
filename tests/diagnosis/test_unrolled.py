"""A layer frame by frame is the layer; gradients of its states are those of the whole."""

from __future__ import annotations

from typing import get_args

import pytest
import torch

from speechrnn.config import Cell, parse_config
from speechrnn.diagnosis.gradients import measure_flows
from speechrnn.diagnosis.unrolled import unroll, unroll_network
from speechrnn.models.cells import make_layer
from speechrnn.models.command import CommandModel
from speechrnn.vocabulary import Vocabulary

CELLS = get_args(Cell)
EXACT = {"rtol": 0, "atol": 1e-12}
LENS = torch.tensor([7, 4])


def layer_and_frames(cell, bidirectional, sizes=(3, 5)):
    torch.manual_seed(0)
    layer = make_layer(cell, *sizes, bidirectional).double()
    for parameter in layer.parameters():  # gates of their own, not those of a fresh network
        parameter.data += 0.3 * torch.randn_like(parameter)
    return layer, torch.randn(2, 7, 3, dtype=torch.float64)


def plain(size=8):
    """A plain layer whose states are its recurrence alone, and small noise to start it."""
    torch.manual_seed(0)
    layer = make_layer("rnn_tanh", size, size, bidirectional=False).double()
    layer.rnn.weight_ih_l0.data.copy_(torch.eye(size))
    return layer, 1e-10 * torch.randn(3, 40, size, dtype=torch.float64)


def flow_of(layer, x):
    """Of a loss that looks at the last frame only."""
    lens = torch.full((len(x),), x.shape[1])
    output, traces = unroll(layer, x, lens)
    (flow,) = measure_flows(output[:, -1].sum() / len(x), traces, lens)
    return flow


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_unrolled_outputs_are_the_layers(cell, bidirectional):
    layer, x = layer_and_frames(cell, bidirectional)
    output, traces = unroll(layer, x, LENS)
    expected, _ = layer(x, LENS, None, None)
    for row, length in enumerate(LENS.tolist()):
        torch.testing.assert_close(output[row, :length], expected[row, :length], **EXACT)
    assert [trace.backward for trace in traces] == (
        [False, True] if bidirectional and cell != "feedforward" else [False]
    )


@pytest.mark.parametrize("cell", CELLS)
def test_the_unrolled_network_says_what_the_network_says(cell):
    torch.manual_seed(0)
    config = parse_config(
        {
            "model": {
                "cell": cell,
                "hidden_size": 6,
                "projection": 4,
                "layer_norm": True,
                "pooling": "mean",
            }
        },
        "test",
    )
    model = CommandModel(config, Vocabulary(["go", "no"])).eval()
    feats, lens = model.features(0.1 * torch.randn(2, 16000), torch.tensor([16000, 9000]))
    hidden, hidden_lens, traces = unroll_network(model, feats, lens)
    torch.testing.assert_close(
        model.clip_logits(hidden, hidden_lens), model.logits(feats, lens), rtol=0, atol=1e-5
    )
    assert {trace.layer for trace in traces} == {1, 2}


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_norms_are_those_of_finite_differences(cell, bidirectional, monkeypatch):
    """Push each state at each frame by a little, with everything behind it computed anew."""
    layer, x = layer_and_frames(cell, bidirectional)
    weights = torch.randn(2, 7, layer.output_size, dtype=torch.float64)
    valid = (torch.arange(7) < LENS[:, None])[:, :, None]

    def loss_of(output):
        return (weights * valid * output.sin()).sum() / 2

    output, traces = unroll(layer, x, LENS)
    flows = measure_flows(loss_of(output), traces, LENS)

    from speechrnn.diagnosis import unrolled

    make_step = unrolled.make_step

    def pushed(backward, part, frame, unit, by):
        def make(layer, x, direction):
            step = make_step(layer, x, direction)

            def push(t, state, keep):
                kept = []  # an LSTM keeps its cell state first, for its hidden state to look at

                def keep_pushed(new, old):
                    place = len(state) - 1 - len(kept)
                    kept.append(place)
                    if direction == backward and t == frame and place == part:
                        new = new + by * (torch.arange(new.shape[1]) == unit)
                    return keep(new, old)

                following, activations = step(t, state, keep_pushed)
                if cell == "feedforward" and t == frame:  # nothing is kept
                    following = tuple(
                        new + by * (torch.arange(new.shape[1]) == unit) for new in following
                    )
                return following, activations

            return push

        monkeypatch.setattr(unrolled, "make_step", make)
        output, _ = unroll(layer, x, LENS)
        monkeypatch.setattr(unrolled, "make_step", make_step)
        return (weights * valid * output.sin()).sum((1, 2)).detach()  # of each utterance

    step, number = 1e-5, 0
    for trace in traces:
        for part in range(len(trace.states[0])):
            size = trace.states[0][part].shape[1]
            for frame in (0, 2, 3):
                slopes = torch.stack(
                    [
                        (
                            pushed(trace.backward, part, frame, unit, step)
                            - pushed(trace.backward, part, frame, unit, -step)
                        )
                        / (2 * step)
                        for unit in range(size)
                    ]
                )
                expected = slopes.norm(dim=0).nanmedian()  # of the two utterances
                got = flows[number].by_time[frame]
                assert got == pytest.approx(float(expected), rel=1e-6, abs=1e-9)
            number += 1
    assert number == len(flows)


def test_what_goes_through_time_is_the_product_of_jacobians():
    layer, x = plain()
    flow = flow_of(layer, x)
    size = x.shape[2]
    vector = torch.full((size,), size**-0.5, dtype=torch.float64)  # what the sum asks of h(T)
    weight = layer.rnn.weight_hh_l0.detach()
    for distance in range(40):  # states are tiny: tanh is its own argument
        assert flow.through_time[distance] == pytest.approx(float(vector.norm()), rel=1e-6)
        vector = weight.T @ vector


@pytest.mark.parametrize(("scale", "lost"), [(0.5, 7), (1.0, None), (1.5, None)])
def test_a_plain_network_loses_or_blows_up_the_gradient(scale, lost):
    layer, x = plain()
    layer.rnn.weight_hh_l0.data.copy_(scale * layer.rnn.weight_hh_l0)  # it was orthogonal
    flow = flow_of(layer, x)
    assert flow.lost_after == lost
    assert flow.through_time[20] == pytest.approx(scale**20, rel=1e-2)
    assert flow.by_time[0] / flow.by_time[-1] == pytest.approx(scale**39, rel=1e-2)


def test_without_memory_nothing_goes_back():
    layer, x = layer_and_frames("feedforward", False)
    _, traces = unroll(layer, x, LENS)
    output = torch.stack(traces[0].hidden, 1)
    (flow,) = measure_flows(output.sum(), traces, LENS)
    assert flow.through_time.tolist() == pytest.approx([1.0] + [0.0] * 6)
    assert flow.lost_after == 1


def test_padding_does_not_count():
    layer, x = layer_and_frames("gru", True)
    x[1, 4:] = 100.0
    output, traces = unroll(layer, x, LENS)
    loss = (output * (torch.arange(7) < LENS[:, None])[:, :, None]).sum() / 2
    both = measure_flows(loss, traces, LENS)
    alone, lone_traces = unroll(layer, x[:1], LENS[:1])
    first = measure_flows(alone.sum(), lone_traces, LENS[:1])
    for flow, expected in zip(both, first, strict=True):  # only the first is so long
        torch.testing.assert_close(flow.by_time[4:], expected.by_time[4:])
        torch.testing.assert_close(flow.through_time[4:], expected.through_time[4:])
