"""The gradient through time: how much of it arrives where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from speechrnn.diagnosis.unrolled import Trace

_LOST = 0.01


@dataclass(frozen=True)
class Flow:
    """Norms of gradients with respect to the states of one direction of a layer.

    Attributes:
        name: Layer and direction, and "cell" for the cell state of an LSTM.
        by_time: (T,) median over utterances of the norm of dL/dh(t): everything that h(t) does,
            at its own frame and through all frames that it is passed on to.
        through_time: (T,) median of the norm of what a gradient of length 1 at the last frame in
            this direction's time is d frames back, through the recurrence alone: the product of d
            Jacobians, in the loss's direction.
    """

    name: str
    by_time: np.ndarray
    through_time: np.ndarray

    @property
    def lost_after(self) -> int | None:
        """Frames after which less than 1% is left for good; none if that never happens."""
        kept = np.flatnonzero(self.through_time >= _LOST)
        if not len(kept) or kept[-1] == len(self.through_time) - 1:
            return None
        return int(kept[-1]) + 1

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "gradient_norm_by_frame": self.by_time.tolist(),
            "share_by_distance": self.through_time.tolist(),
            "lost_after_frames": self.lost_after,
        }


def measure_flows(loss: Tensor, traces: Sequence[Trace], lens: Tensor) -> list[Flow]:
    """Ask for the gradients of a loss.

    Args:
        loss: The mean over the utterances, a function of what was unrolled.
        traces: Of every direction of every layer.
        lens: (B) valid frames, int64.

    Returns:
        A flow for each trace; two for an LSTM's, the second of its cell state.
    """
    flows = []
    for trace in traces:
        for part in range(len(trace.states[0])):
            nodes = [state[part] for state in trace.states]
            gradients = _gradients(loss, nodes, None)
            back = _gradients(*_last(gradients, nodes, trace.backward, lens))
            if not trace.backward:  # counted from each utterance's own last frame
                distances = torch.arange(len(nodes))
                places = (lens[:, None] - 1 - distances).clamp(min=0)
                back = back[torch.arange(len(back))[:, None], places]
            flows.append(
                Flow(
                    trace.name + (", cell" if part else ""),
                    _median_norms(gradients * len(lens), lens),
                    _median_norms(back, lens),
                )
            )
    return flows


def _last(
    gradients: Tensor, nodes: list[Tensor], backward: bool, lens: Tensor
) -> tuple[Tensor, list[Tensor], Tensor]:
    """Each utterance's last state in a direction's time, all states, what is sent back."""
    place = torch.arange(len(lens)), torch.zeros_like(lens) if backward else lens - 1
    vector = gradients[place]
    unit = vector / torch.linalg.vector_norm(vector, dim=-1, keepdim=True)
    return torch.stack(nodes, 1)[place], nodes, unit


def _gradients(output: Tensor, nodes: list[Tensor], vector: Tensor | None) -> Tensor:
    """(B, T, H) gradients of an output, times a vector, with respect to (B, H) states."""
    found = torch.autograd.grad(output, nodes, vector, retain_graph=True, allow_unused=True)
    pairs = zip(found, nodes, strict=True)
    return torch.stack([torch.zeros_like(n) if g is None else g for g, n in pairs], 1)


def _median_norms(gradients: Tensor, lens: Tensor) -> np.ndarray:
    """(T,) median over the utterances that are so long, of those that have a gradient at all."""
    norms = torch.linalg.vector_norm(gradients, dim=-1)
    beyond = torch.arange(norms.shape[1]) >= lens[:, None]
    return norms.masked_fill(beyond, torch.nan).nanmedian(0).values.double().numpy()
