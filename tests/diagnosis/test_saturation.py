"""Counting what stands at the ends of its range."""

from __future__ import annotations

import pytest
import torch

from speechrnn.diagnosis.saturation import measure_saturation
from speechrnn.diagnosis.unrolled import Trace, unroll
from speechrnn.models.cells import make_layer


def test_counts_units_of_valid_frames() -> None:
    reset = torch.tensor([[[0.01, 0.5], [0.96, 0.99]], [[0.2, 0.04], [0.0, 0.0]]])
    trace = Trace(1, False, [], {"reset": reset, "candidate": 2 * reset - 1})
    gate, candidate = measure_saturation("gru", [trace], torch.tensor([2, 1]))
    assert (gate.low, gate.high) == pytest.approx((2 / 6, 2 / 6))
    assert (candidate.low, candidate.high) == pytest.approx((1 / 6, 1 / 6))  # 0.04 is -0.92 there
    assert candidate.name == "layer 1 forward"


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("gru", ["reset", "update", "candidate"]),
        ("lstm", ["input", "forget", "output", "candidate"]),
        ("rnn_tanh", ["state"]),
        ("rnn_relu", ["state"]),
        ("mingru", ["update"]),
        ("rglru", ["recurrence", "input"]),
        ("feedforward", ["state"]),
    ],
)
def test_every_cell_shows_its_gates(cell: str, names: list[str]) -> None:
    torch.manual_seed(0)
    layer = make_layer(cell, 3, 4, bidirectional=False)  # type: ignore[arg-type]
    lens = torch.tensor([6, 6])
    _, traces = unroll(layer, torch.randn(2, 6, 3), lens)
    found = measure_saturation(cell, traces, lens)
    assert [each.activation for each in found] == names
    for each in found:
        assert 0 <= each.low <= 1 and 0 <= each.high <= 1 - each.low


@pytest.mark.parametrize(
    ("gate", "place", "low", "high"), [("forget", 1, 0.0, 1.0), ("input", 0, 1.0, 0.0)]
)
def test_a_bias_opens_or_shuts_a_gate(gate: str, place: int, low: float, high: float) -> None:
    torch.manual_seed(0)
    layer = make_layer("lstm", 3, 4, bidirectional=False)
    bias = layer.rnn.bias_hh_l0.data.view(4, 4)  # type: ignore[union-attr, operator]
    bias[place] = 50.0 if high else -50.0
    lens = torch.tensor([5])
    _, traces = unroll(layer, torch.randn(1, 5, 3), lens)
    found = {each.activation: each for each in measure_saturation("lstm", traces, lens)}
    assert (found[gate].low, found[gate].high) == (low, high)


def test_a_relu_is_shut_at_zero_and_never_full() -> None:
    states = torch.tensor([[[0.0, 3.0, 0.0, 0.01]]])
    (found,) = measure_saturation(
        "rnn_relu", [Trace(1, False, [], {"state": states})], torch.tensor([1])
    )
    assert (found.low, found.high) == (0.5, 0.0)
