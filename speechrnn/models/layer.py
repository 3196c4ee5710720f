"""What every layer over time has in common: states to carry on, windows of a stream."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from speechrnn.models.chunks import Chunking
from speechrnn.models.reversal import Reversal

LayerState = tuple[Tensor, ...]  # (B, H) each: () without memory, (hidden,), or (hidden, cell)


class SequenceLayer(nn.Module, ABC):
    """A layer over time in one or both directions.

    The forward direction starts from a carried state, the backward one from zero at each
    utterance's end: windows of a stream so become a latency-controlled bidirectional network
    (Zhang et al. 2016, "Highway long short-term memory RNNs for distant speech recognition",
    arXiv 1510.08983).

    Args:
        cell: The kind of network.
        hidden_size: H, units of one direction.
        bidirectional: Whether a second direction runs backward in time.
    """

    def __init__(self, cell: str, hidden_size: int, bidirectional: bool) -> None:
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        self.bidirectional = bidirectional
        self.output_size = hidden_size * (2 if bidirectional else 1)

    def initial_state(self, batch_size: int) -> LayerState:
        """Zeros, in the weights' type and place."""
        return (next(self.parameters()).new_zeros(batch_size, self.hidden_size),)

    @abstractmethod
    def forward(
        self, x: Tensor, lens: Tensor, state: LayerState | None, commit: Tensor | None
    ) -> tuple[Tensor, LayerState]:
        """Run over whole utterances or over one window of each stream.

        Args:
            x: (B, T, I) input frames.
            lens: (B) valid frames, int64, at least 1; on the CPU they cost a GPU no wait.
            state: What the forward direction starts from; none: zeros.
            commit: (B) frames that the next window will not see again, int64, 0 to lens;
                none: no next window, no state.

        Returns:
            (B, T, H or 2H) outputs, arbitrary beyond `lens`, and the forward direction's state
            after `commit` frames (empty without `commit`).
        """

    @abstractmethod
    def _run(
        self, x: Tensor, state: LayerState, backward: bool = False
    ) -> tuple[Tensor, LayerState]:
        """One direction's network over (N, T, I) frames: (N, T, H) outputs and the last state.

        Time runs as the frames come; `backward` says whose weights are meant.
        """

    def truncated(self, x: Tensor, lens: Tensor, bptt_frames: int) -> Tensor:
        """`forward` over whole utterances, with truncated back-propagation through time.

        The state goes on, but every `bptt_frames` frames, counted in each direction's own time, the
        gradient is cut (Williams & Peng 1990, doi:10.1162/neco.1990.2.4.490). What happens inside a
        stretch is computed anew when its gradient is due, so that memory holds that of one stretch.

        Args:
            x: (B, T, I) input frames.
            lens: (B) valid frames, int64.
            bptt_frames: Frames that the gradient of a state reaches back, at most.

        Returns:
            (B, T, H or 2H) outputs, arbitrary beyond `lens`.
        """
        if not self.bidirectional:
            return self._stretches(x, bptt_frames)
        turn = Reversal(lens.to(x.device), x.shape[1])
        reverse = turn.split(x)[1].transpose(0, 1)
        both = self._stretches(x, bptt_frames), self._stretches(reverse, bptt_frames, backward=True)
        return turn.join(torch.stack([output.transpose(0, 1) for output in both]))

    def _stretches(self, x: Tensor, frames: int, backward: bool = False) -> Tensor:
        state, outputs = self.initial_state(len(x)), []
        for part in x.split(frames, dim=1):
            output, state = checkpoint(
                self._run, part, state, backward, use_reentrant=False, preserve_rng_state=False
            )
            state = tuple(each.detach() for each in state)
            outputs.append(output)
        return torch.cat(outputs, dim=1)

    def windows(
        self, x: Tensor, num_frames: int, state: LayerState, chunking: Chunking
    ) -> tuple[Tensor, LayerState]:
        """Run over all windows of a stream at once: `forward` window by window, but faster.

        The forward direction runs over all committed frames in one go, then from the end of each
        chunk over its look-ahead; the backward direction over every window by itself.

        Args:
            x: (B, K, C + R, I) input frames of each window.
            num_frames: T, frames that the windows commit together.
            state: What the forward direction starts from.
            chunking: How the windows were cut.

        Returns:
            (B, K, C + R, H or 2H) outputs, arbitrary beyond frame T, and the forward direction's
            state after T frames.
        """
        rows, count = x.shape[:2]
        output, ends = self._run_chunks(chunking.committed(x, num_frames), state, chunking.chunk)
        short = count * chunking.chunk - num_frames
        committed = nn.functional.pad(output, (0, 0, 0, short)).unflatten(1, (count, -1))
        starts = tuple(end.flatten(0, 1) for end in ends)
        ahead = x[:, :, chunking.chunk :].flatten(0, 1)  # (B * K, R, I)
        if ahead.shape[1]:
            ahead, _ = self._run(ahead, starts)
            forward = torch.cat([committed, ahead.unflatten(0, (rows, count))], dim=2)
        else:
            forward = committed
        last = tuple(end[:, -1] for end in ends)
        if not self.bidirectional:
            return forward, last
        return torch.cat([forward, self._run_backward(x, num_frames, chunking)], dim=-1), last

    def _run_backward(self, x: Tensor, num_frames: int, chunking: Chunking) -> Tensor:
        """(B, K, C + R, H) outputs of the backward direction, each window from its end."""
        whole = chunking.num_whole(num_frames)
        outputs = []
        if whole:
            flipped = x[:, :whole].flip(2).flatten(0, 1)
            output, _ = self._run(flipped, self.initial_state(len(flipped)), backward=True)
            outputs.append(output.unflatten(0, (len(x), whole)).flip(2))
        for k in range(whole, x.shape[1]):
            length = num_frames - k * chunking.chunk
            flipped = x[:, k, :length].flip(1)
            output, _ = self._run(flipped, self.initial_state(len(x)), backward=True)
            outputs.append(
                nn.functional.pad(output.flip(1), (0, 0, 0, chunking.width - length))[:, None]
            )
        return torch.cat(outputs, dim=1)

    def _run_chunks(
        self, x: Tensor, state: LayerState, chunk: int
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(B, T, H) outputs of the forward direction, and (B, K, H) states behind each chunk."""
        output, _ = self._run(x, state)
        return output, (chunk_ends(output, chunk),)


def chunk_ends(states: Tensor, chunk: int) -> Tensor:
    """(B, K, H) the last of each `chunk` of (B, T, H) states; the last chunk may be shorter."""
    frames = states.shape[1]
    places = torch.arange(chunk - 1, frames + chunk - 1, chunk, device=states.device)
    return states[:, places.clamp(max=frames - 1)]


def state_at(forward: Tensor, commit: Tensor, start: Tensor) -> Tensor:
    """(B, H) the output after `commit` (B) of (B, T, H) frames: the start itself where none."""
    commit = commit.to(forward.device)
    rows = torch.arange(len(forward), device=forward.device)
    return torch.where(commit[:, None] > 0, forward[rows, (commit - 1).clamp(min=0)], start)
