"""The recurrent encoder: a stack of recurrent layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from torch import Tensor, nn

from speechrnn.config import ModelConfig
from speechrnn.models.cells import make_layer
from speechrnn.models.chunks import Chunking
from speechrnn.models.dropout import Dropout
from speechrnn.models.layer import LayerState, SequenceLayer


class RecurrentEncoder(nn.Module):
    """Recurrent layers, each followed by layer normalisation (where asked for) and dropout.

    What a layer sees may be projected to fewer numbers before: its input matrix has a low rank
    then, one for both directions.

    Args:
        config: The network's settings.
        input_size: I, size of an input frame.
    """

    def __init__(self, config: ModelConfig, input_size: int) -> None:
        super().__init__()
        self.cell = config.cell
        self.projections = nn.ModuleList()
        self.layers = nn.ModuleList()
        self.norms = nn.ModuleList()
        for _ in range(config.layers):
            projection: nn.Module = nn.Identity()
            if config.projection is not None and config.projection < input_size:
                projection = nn.Linear(input_size, config.projection, bias=False)
                input_size = config.projection
            self.projections.append(projection)
            layer = make_layer(
                config.cell,
                input_size,
                config.hidden_size,
                config.bidirectional,
                config.memory_frames,
            )
            input_size = layer.output_size
            self.layers.append(layer)
            self.norms.append(nn.LayerNorm(input_size) if config.layer_norm else nn.Identity())
        self.dropout = Dropout(config.dropout)
        self.output_size = input_size

    def initial_state(self, batch_size: int) -> list[LayerState]:
        """What every layer starts from at the beginning of a stream."""
        return [cast(SequenceLayer, layer).initial_state(batch_size) for layer in self.layers]

    def forward(
        self,
        x: Tensor,
        lens: Tensor,
        state: list[LayerState] | None = None,
        commit: Tensor | None = None,
    ) -> tuple[Tensor, list[LayerState]]:
        """Run over whole utterances or over one window of each stream.

        Args:
            x: (B, T, I) input frames.
            lens: (B) valid frames, int64.
            state: Each layer's carried state; none: zeros.
            commit: (B) frames that the next window will not see again; none: no states.

        Returns:
            (B, T, D) hidden frames, arbitrary beyond `lens`, and each layer's state after
            `commit` frames.
        """
        next_state = []
        for i, (projection, layer, norm) in enumerate(self.stages()):
            x, layer_state = layer(projection(x), lens, state[i] if state else None, commit)
            x = self.dropout(norm(x))
            next_state.append(layer_state)
        return x, next_state

    def windows(
        self, x: Tensor, state: list[LayerState], chunking: Chunking
    ) -> tuple[Tensor, list[LayerState]]:
        """Run over a stream in chunks with look-ahead, all windows of a layer at once.

        Args:
            x: (B, T, I) input frames, all of them valid.
            state: Each layer's carried state.
            chunking: Frames committed and looked ahead by each window.

        Returns:
            (B, K, C + R, D) hidden frames of each window, arbitrary beyond frame T, and each
            layer's state after T frames.
        """
        num_frames = x.shape[1]
        x = chunking.windows(x)
        next_state = []
        for (projection, layer, norm), start in zip(self.stages(), state, strict=True):
            sequence_layer = cast(SequenceLayer, layer)
            x, layer_state = sequence_layer.windows(projection(x), num_frames, start, chunking)
            x = self.dropout(norm(x))
            next_state.append(layer_state)
        return x, next_state

    def truncated(self, x: Tensor, lens: Tensor, bptt_frames: int) -> Tensor:
        """`forward` over whole utterances, for training with truncated gradients.

        Args:
            x: (B, T, I) input frames.
            lens: (B) valid frames, int64.
            bptt_frames: See `SequenceLayer.truncated`.

        Returns:
            (B, T, D) hidden frames, arbitrary beyond `lens`.
        """
        for projection, layer, norm in self.stages():
            sequence_layer = cast(SequenceLayer, layer)
            x = self.dropout(norm(sequence_layer.truncated(projection(x), lens, bptt_frames)))
        return x

    def stages(self) -> Iterator[tuple[nn.Module, nn.Module, nn.Module]]:
        """What x goes through, layer by layer: projection, recurrence, normalisation."""
        return zip(self.projections, self.layers, self.norms, strict=True)
