"""Recurrent layers as ONNX nodes."""

from __future__ import annotations

import numpy as np
from torch import nn

from speechrnn.export.graph import GraphBuilder
from speechrnn.export.linear_recurrent import add_linear_recurrence
from speechrnn.export.spans import Spans, as_steps
from speechrnn.export.weights import add_weights
from speechrnn.models.linear_recurrent import LinearRecurrentLayer
from speechrnn.models.recurrent import RecurrentLayer

# Where each of ONNX's gates stands among torch's: z r h in r z n, i o f c in i f g o.
_GATES = {"gru": (1, 0, 2), "lstm": (0, 3, 1, 2), "rnn_tanh": (0,), "rnn_relu": (0,)}


def add_layer(
    g: GraphBuilder,
    layer: RecurrentLayer | LinearRecurrentLayer,
    x: str,
    spans: Spans,
    index: str,
    states: list[str],
) -> tuple[str, list[str]]:
    """One recurrent layer.

    Args:
        g: The graph.
        layer: The trained layer.
        x: (T, B, I) input frames.
        spans: Frame counts.
        index: (B, 3) indices (commit - 1, 0, row).
        states: (B, H) each, what the forward direction starts from.

    Returns:
        (T, directions, B, H) outputs, zero beyond the valid frames, and the states after the
        committed ones.
    """
    if isinstance(layer, LinearRecurrentLayer):
        y = add_linear_recurrence(g, layer, x, spans.lens, states[0])
        return y, [g.node("Where", spans.some, g.node("GatherND", y, index), states[0])]
    starts = [g.node("Unsqueeze", state, g.ints(0)) for state in states]  # (1, B, H)
    y, last = add_recurrence(g, layer, x, spans.lens, starts)
    hidden = g.node("Where", spans.some, g.node("GatherND", y, index), states[0])
    if layer.cell != "lstm":
        return y, [hidden]
    cell = _add_cell(g, layer, x, spans, starts, last)
    return y, [hidden, g.node("Where", spans.some, cell, states[1])]


def add_recurrence(
    g: GraphBuilder, layer: RecurrentLayer, x: str, lens: str, starts: list[str]
) -> tuple[str, str]:
    """(T, directions, B, H) outputs and the (directions, B, H) cell state after `lens` frames.

    Args:
        g: The graph.
        layer: The trained layer.
        x: (T, B, I) input frames.
        lens: (B, 1) valid frames; empty: all.
        starts: (1, B, H) each, what the forward direction starts from.
    """
    if layer.bidirectional:
        starts = [g.node("Pad", start, g.ints(0, 0, 0, 1, 0, 0)) for start in starts]
    direction = "bidirectional" if layer.bidirectional else "forward"
    inputs = [x, *_weights(g, layer), as_steps(g, lens) if lens else "", *starts]
    size = layer.hidden_size
    if layer.cell == "gru":
        return g.node(
            "GRU", *inputs, hidden_size=size, direction=direction, linear_before_reset=1
        ), ""
    if layer.cell == "lstm":
        wanted = (True, False, True)
        y, _, cell = g.nodes("LSTM", *inputs, outputs=wanted, hidden_size=size, direction=direction)
        return y, cell
    activation = {"rnn_tanh": "Tanh", "rnn_relu": "Relu"}[layer.cell]
    activations = [activation] * (2 if layer.bidirectional else 1)
    return g.node(
        "RNN", *inputs, hidden_size=size, direction=direction, activations=activations
    ), ""


def _add_cell(
    g: GraphBuilder, layer: RecurrentLayer, x: str, spans: Spans, starts: list[str], last: str
) -> str:
    """(B, H) the LSTM's forward cell state after the committed frames.

    The node returns it after the last frame only: where more was seen than is committed, the
    forward direction runs again.
    """
    behind = g.node("ReduceMax", g.node("Sub", spans.lens, spans.commit), keepdims=0)
    whole = g.node("Equal", behind, g.scalar(0))
    shape: list[int | str] = ["B", layer.hidden_size]
    done = g.branch()
    done.output("cell", done.node("Gather", last, done.scalar(0), axis=0), "float32", shape)
    again = g.branch()
    steps = again.node("Max", spans.commit, again.scalar(1))
    weights = [again.node("Slice", w, again.ints(0), again.ints(1)) for w in _weights(g, layer)]
    _, _, cell = again.nodes(
        "LSTM",
        x,
        *weights,
        as_steps(again, steps),
        *starts,
        outputs=(False, False, True),
        hidden_size=layer.hidden_size,
    )
    again.output("cell", again.node("Squeeze", cell, again.ints(0)), "float32", shape)
    return g.node("If", whole, then_branch=done.graph("done"), else_branch=again.graph("again"))


def _weights(g: GraphBuilder, layer: RecurrentLayer) -> tuple[str, str, str]:
    """W (directions, G*H, I), R (directions, G*H, H) and B (directions, 2*G*H)."""
    suffixes = ["_l0", "_l0_reverse"] if layer.bidirectional else ["_l0"]

    def stacked(name: str) -> np.ndarray:
        return np.stack([_ordered(layer.rnn, name + suffix, layer.cell) for suffix in suffixes])

    bias = np.concatenate([stacked("bias_ih"), stacked("bias_hh")], axis=1)
    return (
        add_weights(g, stacked("weight_ih")),
        add_weights(g, stacked("weight_hh")),
        g.constant(bias),
    )


def _ordered(rnn: nn.RNNBase, name: str, cell: str) -> np.ndarray:
    gates = np.split(getattr(rnn, name).detach().numpy(), len(_GATES[cell]))
    return np.concatenate([gates[place] for place in _GATES[cell]])
