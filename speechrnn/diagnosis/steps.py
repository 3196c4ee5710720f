"""The cells frame by frame, with every gate in sight; the layers compute the same, but faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from speechrnn.models.feedforward import FeedforwardLayer
from speechrnn.models.layer import LayerState, SequenceLayer
from speechrnn.models.linear_recurrent import LinearRecurrentLayer
from speechrnn.models.recurrent import RecurrentLayer

Activations = dict[str, Tensor]  # (B, H) each
Keep = Callable[[Tensor, Tensor], Tensor]  # of a new and an old state, what goes on
Step = Callable[[int, LayerState, Keep], tuple[LayerState, Activations]]  # at frame t


def make_step(layer: SequenceLayer, x: Tensor, backward: bool) -> Step:
    """What one direction of a layer does at frame t of (B, T, I) input frames.

    An LSTM's hidden state looks at the cell state that goes on, so that the gradient of the cell
    state holds what it does at its own frame.
    """
    if isinstance(layer, FeedforwardLayer):
        return _feedforward(layer, x)
    if isinstance(layer, LinearRecurrentLayer):
        return _linear(layer, x, backward)
    assert isinstance(layer, RecurrentLayer)
    suffix = "l0_reverse" if backward else "l0"
    weight_ih, weight_hh, bias_ih, bias_hh = (
        getattr(layer.rnn, f"{name}_{suffix}")
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    inputs = nn.functional.linear(x, weight_ih, bias_ih)

    def parts(t: int, hidden: Tensor) -> tuple[Tensor, Tensor]:
        return inputs[:, t], nn.functional.linear(hidden, weight_hh, bias_hh)

    def gru(t: int, state: LayerState, keep: Keep) -> tuple[LayerState, Activations]:
        (hidden,) = state
        given, kept = (part.chunk(3, dim=-1) for part in parts(t, hidden))
        reset = torch.sigmoid(given[0] + kept[0])
        update = torch.sigmoid(given[1] + kept[1])
        candidate = torch.tanh(given[2] + reset * kept[2])
        hidden = keep((1 - update) * candidate + update * hidden, hidden)
        return (hidden,), {"reset": reset, "update": update, "candidate": candidate}

    def lstm(t: int, state: LayerState, keep: Keep) -> tuple[LayerState, Activations]:
        hidden, cell = state
        i, f, g, o = sum(parts(t, hidden), start=torch.zeros(())).chunk(4, dim=-1)
        gates = {"input": i.sigmoid(), "forget": f.sigmoid(), "output": o.sigmoid()}
        candidate = g.tanh()
        cell = keep(gates["forget"] * cell + gates["input"] * candidate, cell)
        hidden = keep(gates["output"] * cell.tanh(), hidden)
        return (hidden, cell), {**gates, "candidate": candidate}

    def plain(t: int, state: LayerState, keep: Keep) -> tuple[LayerState, Activations]:
        function = torch.tanh if layer.cell == "rnn_tanh" else torch.relu
        hidden = function(sum(parts(t, state[0]), start=torch.zeros(())))
        return (keep(hidden, state[0]),), {"state": hidden}

    return {"gru": gru, "lstm": lstm}.get(layer.cell, plain)


def _feedforward(layer: FeedforwardLayer, x: Tensor) -> Step:
    output = torch.relu(layer.linear(x))
    return lambda t, state, keep: ((output[:, t],), {"state": output[:, t]})


def _linear(layer: LinearRecurrentLayer, x: Tensor, backward: bool) -> Step:
    decay, added = layer.coefficients(x, backward)
    if layer.cell == "mingru":
        gates = {"update": 1 - decay}
    else:
        linear = cast(nn.Linear, layer.gates[int(backward)])
        recurrence, entry, _ = linear(x).split(layer.hidden_size, dim=-1)
        gates = {"recurrence": recurrence.sigmoid(), "input": entry.sigmoid()}

    def step(t: int, state: LayerState, keep: Keep) -> tuple[LayerState, Activations]:
        hidden = keep(decay[:, t] * state[0] + added[:, t], state[0])
        return (hidden,), {name: gate[:, t] for name, gate in gates.items()}

    return step
