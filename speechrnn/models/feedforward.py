"""The baseline without memory."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from speechrnn.models.chunks import Chunking
from speechrnn.models.layer import LayerState, SequenceLayer


class FeedforwardLayer(SequenceLayer):
    """A linear layer and a ReLU on each frame, as wide as a recurrent layer.

    Args:
        input_size: I, size of an input frame.
        hidden_size: H, units of one direction.
        bidirectional: Whether to be as wide as two directions.
    """

    def __init__(self, input_size: int, hidden_size: int, bidirectional: bool) -> None:
        super().__init__("feedforward", hidden_size, bidirectional)
        self.linear = nn.Linear(input_size, self.output_size)
        nn.init.kaiming_uniform_(self.linear.weight, nonlinearity="relu")
        nn.init.zeros_(self.linear.bias)

    def initial_state(self, batch_size: int) -> LayerState:
        """Nothing: there is no memory."""
        return ()

    def forward(
        self, x: Tensor, lens: Tensor, state: LayerState | None, commit: Tensor | None
    ) -> tuple[Tensor, LayerState]:
        """See `SequenceLayer.forward`."""
        return self._run(x, ())

    def truncated(self, x: Tensor, lens: Tensor, bptt_frames: int) -> Tensor:
        """See `SequenceLayer.truncated`; nothing goes back through time here."""
        return self._run(x, ())[0]

    def windows(
        self, x: Tensor, num_frames: int, state: LayerState, chunking: Chunking
    ) -> tuple[Tensor, LayerState]:
        """See `SequenceLayer.windows`."""
        return self._run(x, ())

    def _run(
        self, x: Tensor, state: LayerState, backward: bool = False
    ) -> tuple[Tensor, LayerState]:
        return torch.relu(self.linear(x)), ()
