"""Layers by the name of their cell."""

from __future__ import annotations

from speechrnn.config import Cell
from speechrnn.models.feedforward import FeedforwardLayer
from speechrnn.models.layer import SequenceLayer
from speechrnn.models.linear_recurrent import LinearRecurrentLayer
from speechrnn.models.recurrent import RecurrentLayer


def make_layer(
    cell: Cell,
    input_size: int,
    hidden_size: int,
    bidirectional: bool,
    memory_frames: int | None = None,
) -> SequenceLayer:
    """A layer with random weights.

    Args:
        cell: The kind of network.
        input_size: I, size of an input frame.
        hidden_size: H, units of one direction.
        bidirectional: Whether a second direction runs backward in time.
        memory_frames: See `RecurrentLayer`; of a GRU or LSTM.
    """
    if cell == "feedforward":
        return FeedforwardLayer(input_size, hidden_size, bidirectional)
    if cell in ("mingru", "rglru"):
        return LinearRecurrentLayer(cell, input_size, hidden_size, bidirectional)
    return RecurrentLayer(cell, input_size, hidden_size, bidirectional, memory_frames)
