"""How many gates stand open or shut, and how many units sit at the end of their range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from speechrnn.diagnosis.unrolled import Trace

NEAR = 0.05  # to the end of a range


@dataclass(frozen=True)
class Saturation:
    """Shares of one kind of activation, over units, valid frames and utterances.

    Attributes:
        name: Layer and direction.
        activation: reset, update, input, forget, output, recurrence: gates from 0 to 1; candidate:
            from -1 to 1; state: of a plain network.
        low: Share below 0.05, or -0.95 where the range begins at -1; units at 0 for a ReLU.
        high: Share above 0.95; none for a ReLU.
    """

    name: str
    activation: str
    low: float
    high: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def measure_saturation(cell: str, traces: Sequence[Trace], lens: Tensor) -> list[Saturation]:
    """Count what stands near the ends of its range.

    Args:
        cell: The kind of network.
        traces: Of every direction of every layer.
        lens: (B) valid frames, int64.
    """
    found = []
    for trace in traces:
        for activation, values in trace.activations.items():
            valid = values[torch.arange(values.shape[1]) < lens[:, None]]
            low, high = _shares(valid, _lowest(cell, activation))
            found.append(Saturation(trace.name, activation, low, high))
    return found


def _lowest(cell: str, activation: str) -> float | None:
    """Where an activation's range begins; none for a ReLU, which has no end."""
    if activation == "state":
        return -1.0 if cell == "rnn_tanh" else None
    return -1.0 if activation == "candidate" else 0.0


def _shares(values: Tensor, lowest: float | None) -> tuple[float, float]:
    if lowest is None:
        return float((values == 0).float().mean()), 0.0
    low, high = values < lowest + NEAR, values > 1 - NEAR
    return float(low.float().mean()), float(high.float().mean())
