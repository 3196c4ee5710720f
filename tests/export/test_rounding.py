"""Weights in 8 bits: how far they are moved, and what the file makes of them."""

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from speechrnn.export.model_file import export_model
from speechrnn.export.rounding import round_weights, to_int8

SIZE = st.floats(2**-40, 2**10, width=32)
FINITE = SIZE | SIZE.map(lambda size: -size) | st.just(0.0)


@given(hnp.arrays(np.float32, (3, 4), elements=FINITE))
def test_weights_move_by_half_a_step_at_most(weights):
    integers, scale = to_int8(weights, (1,))
    assert scale.shape == (3, 1)
    assert np.abs(integers.astype(int)).max() <= 127
    assert (np.abs(integers * scale - weights) <= scale * 0.5001).all()


@given(hnp.arrays(np.float32, (2, 5), elements=FINITE))
def test_rounded_weights_stay_where_they_are(weights):
    integers, scale = to_int8(weights, (1,))
    again, _ = to_int8(integers * scale, (1,))
    np.testing.assert_array_equal(again, integers)


def test_each_row_has_its_own_scale():
    _, scale = to_int8(np.float32([[1, -127], [0.5, 0.25], [0, 0]]), (1,))
    np.testing.assert_allclose(scale, [[1], [0.5 / 127], [1]])


def test_biases_gains_and_decays_are_not_rounded(make_model):
    model = make_model(cell="rglru", layer_norm=True)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-1, 1)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    round_weights(model)
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {
        *(f"encoder.layers.{i}.gates.{j}.weight" for i in (0, 1) for j in (0, 1)),
        "head.attention.score.weight",
        "head.output.weight",
    }


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize(
    ("cell", "pooling"),
    [
        ("gru", "attention"),
        ("lstm", "multihead"),
        ("rnn_tanh", "last"),
        ("mingru", "mean"),
        ("rglru", "max"),
        ("feedforward", "attention"),
    ],
)
def test_every_network_equals_its_export(cell, pooling, bidirectional, make_model, tmp_path):
    """The export compares all it computes with the rounded network; it raises above 1e-4."""
    network = {"cell": cell, "pooling": pooling, "bidirectional": bidirectional}
    model = make_model(strided=True, **network)
    report = export_model(model, tmp_path / "model.onnx", {}, int8=True)
    assert report.max_difference <= 1e-4
    onnx.checker.check_model(onnx.load(tmp_path / "model.onnx"), full_check=True)


@pytest.mark.parametrize("cell", ["gru", "lstm", "mingru"])
def test_a_quarter_of_the_bytes(cell, make_model, tmp_path):
    model = make_model(cell=cell, hidden_size=64)
    whole = export_model(model, tmp_path / "whole.onnx", {})
    small = export_model(model, tmp_path / "small.onnx", {}, int8=True)
    saved = (whole.file_bytes - small.file_bytes) / (4 * model.num_parameters)
    assert 0.7 < saved < 0.75  # biases and scales stay in 32 bits


def test_export_leaves_the_model_as_it_was(make_model, tmp_path):
    model = make_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    export_model(model, tmp_path / "model.onnx", {}, int8=True)
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, before[name], atol=0, rtol=0)
