"""The network run over streams piece by piece, as training needs it: in batches, with gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from speechrnn.models.chunks import Chunking
from speechrnn.models.command import CommandModel


@dataclass(frozen=True)
class Piece:
    """What the network makes of one piece of each stream.

    Attributes:
        pool: (B, P, D) committed frames kept from before, right-aligned.
        pool_lens: (B) how many of them are valid, int64.
        frames: (B, T, D) frames committed in this piece.
        windows: (B, N, C + R, D) hidden frames of each window.
        chunking: How the windows were cut.
    """

    pool: Tensor
    pool_lens: Tensor
    frames: Tensor
    windows: Tensor
    chunking: Chunking


class StreamRunner:
    """Runs a network over streams; every row is one.

    Recurrent state, running peak, pooled frames and samples of context go from piece to piece, the
    gradient does not: back-propagation through time is truncated there. Frames lag behind the
    samples of their piece by the grid's look-ahead.

    Attributes:
        state: What goes on, by name; the first dimension of each is the stream.
    """

    def __init__(self, model: CommandModel, rows: int) -> None:
        """Start `rows` streams."""
        device = next(model.parameters()).device
        grid = model.grid
        context = grid.window_samples - grid.hop_samples
        pool = (rows, model.pool_frames, model.encoder.output_size)
        self._model = model
        self.state = model.initial_state(rows)
        self.state["context"] = torch.zeros(rows, context, device=device)
        self.state["pool"] = torch.zeros(pool, device=device)
        self.state["pool_lens"] = torch.zeros(rows, dtype=torch.int64, device=device)

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a `state` of before; what it lacks is left as it is."""
        self.state |= {name: value.to(self.state[name].device) for name, value in state.items()}

    def run(self, wave: Tensor, chunking: Chunking) -> Piece:
        """Run over the next piece of the first streams.

        Args:
            wave: (B, S) float32, whole hops; the streams beyond the first B stay where they are.
            chunking: Frames committed and looked ahead by each window.
        """
        rows = len(wave)
        num_frames = wave.shape[1] // self._model.grid.hop_samples
        state = {name: value[:rows] for name, value in self.state.items()}
        context, pool, pool_lens = (state.pop(name) for name in ("context", "pool", "pool_lens"))
        wave = torch.cat([context, wave], dim=1)
        with torch.no_grad():  # the front end has nothing to learn
            feats, peak = self._model.stream_features(wave, state.get("peak"))
        windows, following = self._model.encode(feats, state, chunking)
        frames = chunking.committed(windows, num_frames)
        size = pool.shape[1]
        if peak is not None:
            following["peak"] = peak
        following["context"] = wave[:, wave.shape[1] - context.shape[1] :]
        following["pool"] = torch.cat([pool, frames], dim=1)[:, num_frames:]
        following["pool_lens"] = (pool_lens + num_frames).clamp(max=size)
        for name, value in following.items():
            rest = self.state[name][rows:]
            self.state[name] = torch.cat([value.detach().to(rest.dtype), rest])
        return Piece(pool, pool_lens, frames, windows, chunking)

    def clip_logits(self, piece: Piece, ends: Tensor) -> Tensor:
        """(B, K, V) logits of what the pooling head sees at K moments of each stream.

        As in a stream: the last committed frames and all of the window behind them.

        Args:
            piece: From `run`.
            ends: (B, K) frame of the piece up to which the head shall see, at least.
        """
        head = self._model.head
        assert head is not None
        joined = torch.cat([piece.pool, piece.frames], dim=1)  # (B, P + T, D)
        pool, num_frames = piece.pool.shape[1], piece.frames.shape[1]
        rows = torch.arange(len(ends), device=ends.device)[:, None]
        ends = ends.clamp(1, num_frames)
        if piece.chunking.chunk == num_frames:  # one window: the head looks back from anywhere
            begins, seen = ends, torch.zeros_like(ends)
            window = joined.new_zeros(ends.numel(), 0, joined.shape[-1])
        else:
            chunk, width = piece.chunking.chunk, piece.chunking.width
            count = piece.windows.shape[1]
            index = (-(-(ends - width) // chunk)).clamp(0, count - 1)
            begins = index * chunk
            seen = (num_frames - begins).clamp(max=width)
            window = piece.windows.flatten(0, 1).index_select(0, (rows * count + index).flatten())
        places = rows * joined.shape[1] + begins
        places = places[:, :, None] + torch.arange(pool, device=ends.device)
        # index_select: its gradient is several times as fast as that of plain indexing.
        before = joined.flatten(0, 1).index_select(0, places.flatten())
        frames = torch.cat([before.view(ends.numel(), pool, -1), window], dim=1)
        known = (piece.pool_lens[:, None] + begins).clamp(max=pool).flatten()
        logits: Tensor = head(frames, pool - known, pool + seen.flatten())
        return logits.view(*ends.shape, -1)
