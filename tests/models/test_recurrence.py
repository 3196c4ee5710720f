"""The recurrences with written-out gradients learn exactly what torch's own would."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from speechrnn.models.recurrent import RecurrentLayer

CELLS = ["gru", "lstm", "rnn_tanh", "rnn_relu"]
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


def make_layer(cell: str, bidirectional: bool, dtype: torch.dtype) -> RecurrentLayer:
    torch.manual_seed(0)
    layer = RecurrentLayer(cell, 5, 6, bidirectional).to(dtype)
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            if "bias" in name:
                parameter.uniform_(-1, 1)
    return layer


def with_torch(layer: RecurrentLayer, x: Tensor, lens: Tensor, start: Any) -> tuple[Tensor, Any]:
    """Outputs and last states of torch's network on a packed batch."""
    both = [torch.stack([s, torch.zeros_like(s)][: 1 + layer.bidirectional]) for s in start]
    packed = pack_padded_sequence(x, lens, batch_first=True, enforce_sorted=False)
    output, last = layer.rnn(packed, tuple(both) if layer.cell == "lstm" else both[0])
    output, _ = pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])
    return output, [part[0] for part in (last if layer.cell == "lstm" else [last])]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("lens", [[7, 3, 1, 7], [1], [1, 1], [9], []])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_outputs_states_and_gradients_equal_torchs(
    cell: str, bidirectional: bool, lens: list[int], dtype: torch.dtype
) -> None:
    layer = make_layer(cell, bidirectional, dtype)
    frames = torch.tensor(lens, dtype=torch.int64)
    size = (len(lens), max(lens, default=4))
    x = torch.randn(*size, 5, dtype=dtype, requires_grad=True)
    start = [
        torch.randn(len(lens), 6, dtype=dtype, requires_grad=True)
        for _ in layer.initial_state(len(lens))
    ]
    weight = torch.randn(*size, layer.output_size, dtype=dtype)
    weight[torch.arange(size[1]) >= frames[:, None]] = 0  # what is there is arbitrary
    ours = layer(x, frames, tuple(start), frames)
    results = [ours, with_torch(layer, x, frames, start)] if lens else [ours]
    inputs = [x, *start, *layer.parameters()]
    found = []
    for output, state in results:
        loss = (output * weight).sum() + sum(part.sin().sum() for part in state)
        found.append([output * (weight != 0), *state, *torch.autograd.grad(loss, inputs)])
    for values in zip(*found, strict=True):
        assert values[0].isfinite().all()
        for value in values[1:]:
            torch.testing.assert_close(values[0], value, rtol=0, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("cell", CELLS)
def test_a_second_run_gives_the_same_bits(cell: str) -> None:
    layer = make_layer(cell, True, torch.float32)
    x, lens = torch.randn(16, 30, 5), torch.randint(1, 31, (16,))
    runs = []
    for _ in range(2):
        output, state = layer(x, lens, None, lens)
        loss = output.square().mean() + sum(part.mean() for part in state)
        runs.append([output, *torch.autograd.grad(loss, list(layer.parameters()))])
    assert all(torch.equal(first, second) for first, second in zip(*runs, strict=True))


@pytest.mark.parametrize("cell", CELLS)
def test_autocast_keeps_the_state_in_float32(cell: str) -> None:
    layer = make_layer(cell, True, torch.float32)
    x, lens = torch.randn(3, 8, 5), torch.tensor([8, 5, 2])
    exact, _ = layer(x, lens, None, None)
    with torch.autocast("cpu", torch.bfloat16):
        rounded, _ = layer(x, lens, None, None)
        rounded.sum().backward()
    assert rounded.dtype == torch.float32
    torch.testing.assert_close(rounded, exact, rtol=0, atol=0.05)
    assert all(parameter.grad is not None for parameter in layer.parameters())


def test_only_the_frames_of_a_clip_count() -> None:
    """Whatever stands in the padding, the gradient is that of the clip alone."""
    layer = make_layer("gru", True, torch.float64)
    x = torch.randn(2, 6, 5, dtype=torch.float64)
    lens = torch.tensor([6, 3])
    gradients = []
    for filler in (0.0, 1e3):
        x[1, 3:] = filler
        output, _ = layer(x, lens, None, None)
        loss = output[0].sum() + output[1, :3].sum()
        gradients.append(torch.autograd.grad(loss, list(layer.parameters())))
    for first, second in zip(*gradients, strict=True):
        assert torch.equal(first, second)
