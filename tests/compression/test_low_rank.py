"""Input matrices of low rank."""

import pytest
import torch

from speechrnn.compression.groups import input_weights
from speechrnn.compression.low_rank import factor_inputs

CELLS = ["gru", "lstm", "rnn_tanh", "mingru", "rglru", "feedforward"]


def effective(model, i):
    """(rows, I) what layer i multiplies an input frame by."""
    weights = dict(model.named_parameters())
    stacked = torch.cat([weights[name] for name in input_weights(model.encoder, i)])
    projection = model.encoder.projections[i]
    return (stacked @ projection.weight if list(projection.parameters()) else stacked).detach()


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_the_best_matrices_of_that_rank(cell, bidirectional, make_network):
    model = make_network(cell=cell, bidirectional=bidirectional)
    small = factor_inputs(model, 5)
    for i in range(2):
        whole, factored = effective(model, i), effective(small, i)
        assert torch.linalg.matrix_rank(factored) <= 5
        left_over = torch.linalg.svdvals(whole)[5:].square().sum().sqrt()
        torch.testing.assert_close((whole - factored).norm(), left_over, rtol=1e-4, atol=1e-5)


def test_nothing_is_lost_at_full_rank(make_network):
    """Both layers have an input of more numbers than its matrix has rank."""
    model = make_network("none")  # 32 numbers in, then 24
    with torch.no_grad():
        for name in input_weights(model.encoder, 0):
            dict(model.named_parameters())[name][:, 20:] = 0
    small = factor_inputs(model, 23)
    torch.testing.assert_close(effective(small, 0), effective(model, 0), atol=1e-5, rtol=0)


def test_an_input_that_is_small_stays_as_it_is(make_network):
    model = make_network("time")  # 6 channels
    small = factor_inputs(model, 8)
    assert small.encoder.layers[0].rnn.input_size == 6
    assert small.encoder.layers[1].rnn.input_size == 8


def test_a_matrix_with_fewer_rows_than_the_rank(make_network):
    model = make_network("none", cell="rnn_tanh", bidirectional=False, hidden_size=12, layers=1)
    small = factor_inputs(model, 20)
    torch.testing.assert_close(effective(small, 0), effective(model, 0), atol=1e-5, rtol=0)


def test_factors_are_factored_again(make_network):
    model = factor_inputs(make_network("none"), 9)
    small = factor_inputs(model, 4)
    whole = effective(model, 0)
    left_over = torch.linalg.svdvals(whole)[4:].square().sum().sqrt()
    gap = (whole - effective(small, 0)).norm()
    torch.testing.assert_close(gap, left_over, rtol=1e-4, atol=1e-5)


def test_a_rank_above_that_of_the_factors_makes_whole_matrices(make_network):
    model = factor_inputs(make_network("none"), 9)
    small = factor_inputs(model, 24)  # the second layer's input has as many numbers
    assert not list(small.encoder.projections[1].parameters())
    torch.testing.assert_close(effective(small, 1), effective(model, 1), atol=1e-5, rtol=0)
