"""How weights are stored, and that nothing is left to unpack once a file is loaded."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from speechrnn.export.graph import GraphBuilder
from speechrnn.export.model_file import export_model
from speechrnn.export.rounding import to_int8
from speechrnn.export.weights import add_weights
from speechrnn.models.matrices import matrices


def thinned(shape, zeros, seed=0):
    """Random weights, a share of them zero."""
    random = np.random.default_rng(seed)
    weights = random.standard_normal(shape).astype(np.float32)
    return weights * (random.random(shape) >= zeros)


def stored(weights, int8):
    g = GraphBuilder(int8=int8)
    shape = list(weights.shape)
    g.output(
        "y",
        g.node("Add", add_weights(g, weights), g.input("x", "float32", shape)),
        "float32",
        shape,
    )
    return g.model("test", {})


def make_sparse(model, zeros):
    with torch.no_grad():
        for weight in matrices(model).values():
            count = round(zeros * weight.numel())
            weight.view(-1)[weight.abs().flatten().argsort()[:count]] = 0
    return model


@pytest.mark.parametrize("int8", [False, True])
@pytest.mark.parametrize("zeros", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("shape", [(64, 64), (2, 3, 331), (31, 7, 3, 5), (1, 4003)])
def test_what_is_stored_comes_back(shape, zeros, int8, open_session, run):
    weights = thinned(shape, zeros)
    model = stored(weights, int8)
    expected = weights
    if int8:
        integers, scale = to_int8(weights, (-1,))
        expected = integers * scale
    got = run(open_session(model.SerializeToString()), x=np.zeros(shape, np.float32))["y"]
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(("int8", "item"), [(False, 4), (True, 1)])
def test_a_bit_a_weight_and_what_is_not_zero(int8, item):
    weights = thinned((300, 400), 0.8)
    kept = int((weights != 0).sum())
    room = len(stored(weights, int8).SerializeToString()) - kept * item - weights.size // 8
    assert 0 < room < 1500 + (4 * 300 if int8 else 0)  # nodes, and scales


def test_weights_without_zeros_are_stored_as_they_are():
    operators = {node.op_type for node in stored(thinned((300, 400), 0.0), False).graph.node}
    assert operators == {"Add", "Identity"}


@pytest.mark.parametrize("int8", [False, True])
@pytest.mark.parametrize("cell", ["gru", "lstm", "feedforward"])
def test_nothing_is_left_to_unpack_once_the_file_is_loaded(cell, int8, make_model, tmp_path):
    """What runs is float32, as fast as ever."""
    model = make_sparse(make_model(cell=cell, strided=True, hidden_size=32), 0.8)
    export_model(model, tmp_path / "model.onnx", {}, int8)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(tmp_path / "loaded.onnx")
    ort.InferenceSession(tmp_path / "model.onnx", options, providers=["CPUExecutionProvider"])
    for name, expected in (("model.onnx", True), ("loaded.onnx", False)):
        graph = onnx.load(tmp_path / name).graph
        known = {constant.name for constant in graph.initializer}
        left = [node.op_type for node in graph.node if known.issuperset(filter(None, node.input))]
        assert bool(left) == expected, left


def test_the_front_end_takes_little_room(make_model, tmp_path):
    model = make_model("logmel", hidden_size=8)
    report = export_model(model, tmp_path / "model.onnx", {})
    assert report.file_bytes - 4 * model.num_parameters < 30_000


@pytest.mark.parametrize("int8", [False, True])
def test_sparse_networks_equal_their_export(int8, make_model, tmp_path):
    """The export compares all it computes with the network; it raises above 1e-4."""
    whole = make_model(strided=True, hidden_size=64)
    before = export_model(whole, tmp_path / "whole.onnx", {}, int8).file_bytes
    report = export_model(make_sparse(whole, 0.9), tmp_path / "sparse.onnx", {}, int8)
    assert report.max_difference <= 1e-4
    assert before - report.file_bytes > 0.5 * whole.num_parameters * (1 if int8 else 4)
    onnx.checker.check_model(onnx.load(tmp_path / "sparse.onnx"), full_check=True)
