"""One recurrent layer: padding, states of windows, gradients, initial weights."""

import pytest
import torch
from torch import nn

from speechrnn.models import cells

CLASSIC = ["gru", "lstm", "rnn_tanh", "rnn_relu"]
CELLS = [*CLASSIC, "mingru", "rglru"]


@pytest.fixture(params=[True, False], ids=["learning", "inference"])
def either_way(request):
    """On the CPU the classic cells run in one way to learn and in another to be used."""
    with torch.set_grad_enabled(request.param):
        yield


def make_layer(cell, bidirectional=True, sizes=(3, 4)):
    torch.manual_seed(0)
    return cells.make_layer(cell, *sizes, bidirectional).eval()


def rows(generator_seed, *lens):
    """A batch of unequal lengths with a loud garbage tail."""
    generator = torch.Generator().manual_seed(generator_seed)
    x = torch.randn(len(lens), max(lens), 3, generator=generator)
    for row, count in zip(x, lens, strict=True):
        row[count:] = 50.0
    return x, torch.tensor(lens)


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("cell", [*CELLS, "feedforward"])
def test_padding_and_neighbours_leave_outputs_alone(cell, bidirectional, either_way):
    layer = make_layer(cell, bidirectional)
    x, lens = rows(1, 5, 9, 1)
    together, _ = layer(x, lens, None, None)
    for row, count in enumerate(lens.tolist()):
        alone, _ = layer(x[row : row + 1, :count], lens[row : row + 1], None, None)
        torch.testing.assert_close(together[row, :count], alone[0], atol=1e-6, rtol=0)


@pytest.mark.parametrize("cell", CLASSIC)
def test_bidirectional_window_is_an_ordinary_call_with_the_carried_state(cell, either_way):
    layer = make_layer(cell)
    x, lens = rows(2, 6)
    start = tuple(torch.randn(1, 4) for _ in layer.initial_state(1))
    output, _ = layer(x, lens, start, None)
    both = [torch.stack([part, torch.zeros(1, 4)]) for part in start]
    expected, _ = layer.rnn(x, tuple(both) if cell == "lstm" else both[0])
    torch.testing.assert_close(output, expected)


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_state_is_that_of_the_forward_direction_after_the_committed_frames(
    cell, bidirectional, either_way
):
    layer = make_layer(cell, bidirectional)
    x, lens = rows(3, 7, 4, 6)
    start = tuple(torch.randn(3, 4) for _ in layer.initial_state(3))
    for commits in ([7, 4, 6], [3, 4, 1], [2, 2, 2], [0, 3, 0]):
        _, state = layer(x, lens, start, torch.tensor(commits))
        for row, commit in enumerate(commits):
            expected = [part[row] for part in start]
            if commit:
                one = tuple(part[row : row + 1] for part in start)
                seen = torch.tensor([commit])
                _, last = layer(x[row : row + 1, :commit], seen, one, seen)
                expected = [part[0] for part in last]
            for part, wanted in zip(state, expected, strict=True):
                torch.testing.assert_close(part[row], wanted, atol=1e-6, rtol=0)


@pytest.mark.parametrize("cell", CLASSIC)
def test_state_equals_what_torch_returns_at_the_end(cell, either_way):
    layer = make_layer(cell, bidirectional=False)
    x, lens = rows(4, 5, 5)
    _, state = layer(x, lens, None, lens)
    _, last = layer.rnn(x)
    for part, wanted in zip(state, last if cell == "lstm" else [last], strict=True):
        torch.testing.assert_close(part, wanted[0])


def test_no_state_is_made_unless_asked_for():
    x, lens = rows(5, 4)
    for cell in (*CELLS, "feedforward"):
        assert make_layer(cell)(x, lens, None, None)[1] == ()


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_of_a_padded_batch(cell, bidirectional):
    layer = make_layer(cell, bidirectional, sizes=(2, 2)).double()
    x = torch.randn(2, 4, 2, dtype=torch.float64, requires_grad=True)
    start = tuple(
        torch.randn(2, 2, dtype=torch.float64, requires_grad=True) for _ in layer.initial_state(2)
    )

    def outputs(x, *start):
        output, state = layer(x, torch.tensor([4, 2]), start, torch.tensor([2, 1]))
        valid = torch.cat([output[0], output[1, :2]])
        return valid, *state

    assert torch.autograd.gradcheck(outputs, (x, *start))


def test_initial_weights():
    lstm = make_layer("lstm", sizes=(3, 8)).rnn
    assert lstm.bias_ih_l0[8:16].tolist() == [1.0] * 8
    assert lstm.bias_ih_l0_reverse[8:16].tolist() == [1.0] * 8
    assert not lstm.bias_hh_l0.any()
    for gate in make_layer("gru", sizes=(3, 8)).rnn.weight_hh_l0.split(8):
        torch.testing.assert_close(gate @ gate.T, torch.eye(8), atol=1e-5, rtol=0)


def test_feedforward_has_no_memory():
    layer = make_layer("feedforward")
    x, lens = rows(6, 5)
    output, _ = layer(x, lens, None, None)
    shuffled, _ = layer(x.flip(1), lens, None, None)
    torch.testing.assert_close(shuffled.flip(1), output)
    assert isinstance(layer.linear, nn.Linear)
    assert output.shape == (1, 5, 8)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_gates_set_to_remember_keep_a_state_for_as_long(cell) -> None:
    """With no input a unit's state falls by about a factor e in its number of frames."""
    torch.manual_seed(0)
    layer = cells.make_layer(cell, 1, 200, False, memory_frames=50).eval()
    for name, parameter in layer.named_parameters():
        if name.startswith("rnn.weight"):
            torch.nn.init.zeros_(parameter)
    start = tuple(torch.ones_like(part) for part in layer.initial_state(1))
    one = torch.tensor([1])
    with torch.no_grad():
        _, state = layer(torch.zeros(1, 1, 1), one, start, one)
    frames = 1 / (1 - state[-1][0])
    assert frames.min() > 1.99 and frames.max() < 51
    assert 20 < frames.median() < 31
