"""A network unrolled in time: each state is a node of the graph that gradients can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from speechrnn.diagnosis.steps import make_step
from speechrnn.models.command import CommandModel
from speechrnn.models.layer import SequenceLayer


@dataclass(frozen=True)
class Trace:
    """One direction of a layer over time.

    Attributes:
        layer: From 1 on.
        backward: Whether time runs from the last frame to the first.
        states: Of each frame, in the order of frames: (B, H) the hidden state, and for an LSTM
            (B, H) the cell state behind it.
        activations: (B, T, H) each, by name: gates, candidates, the state of a plain network.
    """

    layer: int
    backward: bool
    states: list[tuple[Tensor, ...]]
    activations: dict[str, Tensor]

    @property
    def hidden(self) -> list[Tensor]:
        """(B, H) h(t) of each frame."""
        return [state[0] for state in self.states]

    @property
    def name(self) -> str:
        """For people."""
        return f"layer {self.layer} {'backward' if self.backward else 'forward'}"


def unroll(
    layer: SequenceLayer, x: Tensor, lens: Tensor, number: int = 1
) -> tuple[Tensor, list[Trace]]:
    """Run a layer frame by frame, with the numbers of its `forward`.

    Beyond an utterance's end the forward direction stands still, and the backward direction has
    not begun: gradients there are those of the last frame, or none.

    Args:
        layer: Of any cell.
        x: (B, T, I) input frames.
        lens: (B) valid frames, int64.
        number: Of the layer, for its traces.

    Returns:
        (B, T, H or 2H) outputs, and what each direction did.
    """
    directions = (False, True) if layer.bidirectional and layer.cell != "feedforward" else (False,)
    traces = [_trace(layer, x, lens, number, backward) for backward in directions]
    output = torch.cat([torch.stack(trace.hidden, 1) for trace in traces], dim=-1)
    return output, traces


def unroll_network(
    model: CommandModel, feats: Tensor, feat_lens: Tensor
) -> tuple[Tensor, Tensor, list[Trace]]:
    """Hidden frames of whole utterances as `CommandModel.hidden` has them, without dropout.

    Args:
        model: The network.
        feats: (B, T', F) from `CommandModel.features`.
        feat_lens: (B) valid frames, int64.

    Returns:
        (B, T, D) frames, arbitrary beyond (B) how many of them are valid, and what each direction
        of each layer did.
    """
    x, lens = model.convolutions(feats, feat_lens)
    traces = []
    for number, (projection, layer, norm) in enumerate(model.encoder.stages(), start=1):
        x, found = unroll(cast(SequenceLayer, layer), projection(x), lens, number)
        x = norm(x)
        traces += found
    return x, lens, traces


def _trace(layer: SequenceLayer, x: Tensor, lens: Tensor, number: int, backward: bool) -> Trace:
    step = make_step(layer, x, backward)
    state = layer.initial_state(len(x))
    states: dict[int, tuple[Tensor, ...]] = {}
    activations: dict[int, dict[str, Tensor]] = {}
    frames = range(x.shape[1])
    for t in reversed(frames) if backward else frames:
        valid = (t < lens.to(x.device))[:, None]

        def keep(new: Tensor, old: Tensor, valid: Tensor = valid) -> Tensor:
            return torch.where(valid, new, old)

        state, activations[t] = step(t, state, keep)
        states[t] = state
    return Trace(
        layer=number,
        backward=backward,
        states=[states[t] for t in frames],
        activations={
            name: torch.stack([activations[t][name] for t in frames], 1).detach()
            for name in activations[0]
        },
    )
