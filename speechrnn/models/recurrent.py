"""One recurrent layer over a batch of unequal lengths, with a state to carry on."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from speechrnn.models.chunks import Chunking

_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")

LayerState = tuple[Tensor, ...]  # (B, H) each: () without memory, (hidden,), or (hidden, cell)


class RecurrentLayer(nn.Module):
    """A GRU, LSTM or plain RNN layer in one or both directions, or its baseline without memory.

    The forward direction starts from a carried state, the backward one from zero at each
    utterance's end: windows of a stream so become a latency-controlled bidirectional network
    (Zhang et al. 2016, "Highway long short-term memory RNNs for distant speech recognition",
    arXiv 1510.08983). `feedforward` is a linear layer and a ReLU on each frame, of equal width.

    Args:
        cell: gru, lstm, rnn_tanh, rnn_relu or feedforward.
        input_size: I, size of an input frame.
        hidden_size: H, units of one direction.
        bidirectional: Whether a second direction runs backward in time.
    """

    def __init__(self, cell: str, input_size: int, hidden_size: int, bidirectional: bool) -> None:
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        self.bidirectional = bidirectional
        self.output_size = hidden_size * (2 if bidirectional else 1)
        if cell == "feedforward":
            self.linear = nn.Linear(input_size, self.output_size)
            nn.init.kaiming_uniform_(self.linear.weight, nonlinearity="relu")
            nn.init.zeros_(self.linear.bias)
        else:
            self.rnn = _make_rnn(cell, input_size, hidden_size, bidirectional)

    def initial_state(self, batch_size: int) -> LayerState:
        """Zeros, in the weights' type and place."""
        zeros = next(self.parameters()).new_zeros(batch_size, self.hidden_size)
        return {"feedforward": (), "lstm": (zeros, zeros)}.get(self.cell, (zeros,))

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
        if self.cell == "feedforward":
            return torch.relu(self.linear(x)), ()
        start = self.initial_state(len(x)) if state is None else state
        # Only the backward direction ever sees padding before it sees the utterance.
        packed = self.bidirectional and bool((lens != x.shape[1]).any())
        sequence = (
            pack_padded_sequence(x, lens.cpu(), batch_first=True, enforce_sorted=False)
            if packed
            else x
        )
        output, last = self.rnn(sequence, self._rnn_state(start))
        if packed:
            output, _ = pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])
        if commit is None:
            return output, ()
        hidden = _at(output[:, :, : self.hidden_size], commit, start[0])
        if self.cell != "lstm":
            return output, (hidden,)
        stop = lens if self.bidirectional else torch.full_like(lens, x.shape[1])
        if bool((commit.to(stop.device) == stop).all()):
            return output, (hidden, last[1][0])
        return output, (hidden, self._cell_at(x, commit, start))

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
        if self.cell == "feedforward":
            return torch.relu(self.linear(x)), ()
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
            output, _ = self._run(flipped, self.initial_state(len(flipped)), "_reverse")
            outputs.append(output.unflatten(0, (len(x), whole)).flip(2))
        for k in range(whole, x.shape[1]):
            length = num_frames - k * chunking.chunk
            flipped = x[:, k, :length].flip(1)
            output, _ = self._run(flipped, self.initial_state(len(x)), "_reverse")
            outputs.append(
                nn.functional.pad(output.flip(1), (0, 0, 0, chunking.width - length))[:, None]
            )
        return torch.cat(outputs, dim=1)

    def _run_chunks(
        self, x: Tensor, state: LayerState, chunk: int
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(B, T, H) outputs of the forward direction, and (B, K, H) states behind each chunk."""
        if self.cell == "lstm":  # one call would not return the cell states in between
            outputs, ends = [], []
            for part in x.split(chunk, dim=1):
                output, state = self._run(part, state)
                outputs.append(output)
                ends.append(state)
            hidden, cells = zip(*ends, strict=True)
            return torch.cat(outputs, dim=1), (torch.stack(hidden, 1), torch.stack(cells, 1))
        output, _ = self._run(x, state)
        places = torch.arange(chunk - 1, x.shape[1] + chunk - 1, chunk, device=x.device)
        return output, (output[:, places.clamp(max=x.shape[1] - 1)],)

    def _run(self, x: Tensor, state: LayerState, suffix: str = "") -> tuple[Tensor, LayerState]:
        """One direction alone over (N, T, I) frames: (N, T, H) outputs and the last state."""
        weights = [getattr(self.rnn, f"{name}_l0{suffix}") for name in _WEIGHTS]
        run = getattr(torch, self.cell)
        start = [part[None].contiguous() for part in state]
        hx = start if self.cell == "lstm" else start[0]
        output, *last = run(x, hx, weights, True, 1, 0.0, self.training, False, True)
        return output, tuple(part[0] for part in last)

    def _rnn_state(self, start: LayerState) -> Tensor | LayerState:
        zeros = torch.zeros_like(start[0])
        both = tuple(torch.stack([s, zeros] if self.bidirectional else [s]) for s in start)
        return both if self.cell == "lstm" else both[0]

    def _cell_at(self, x: Tensor, commit: Tensor, start: LayerState) -> Tensor:
        """(B, H) the LSTM's cell state after `commit` frames, which one call does not return."""
        steps = commit.cpu().clamp(min=1)
        sequence = pack_padded_sequence(x, steps, batch_first=True, enforce_sorted=False)
        order, back = sequence.sorted_indices, sequence.unsorted_indices
        weights = [getattr(self.rnn, f"{name}_l0") for name in _WEIGHTS]
        state = [s[order][None] for s in start]
        _, _, cell = torch.lstm(
            sequence.data, sequence.batch_sizes, state, weights, True, 1, 0.0, False, False
        )
        return torch.where(commit[:, None].to(x.device) > 0, cell[0][back], start[1])


def _at(forward: Tensor, commit: Tensor, start: Tensor) -> Tensor:
    """(B, H) the hidden state after `commit` frames: the start itself where that is none."""
    commit = commit.to(forward.device)
    rows = torch.arange(len(forward), device=forward.device)
    return torch.where(commit[:, None] > 0, forward[rows, (commit - 1).clamp(min=0)], start)


def _make_rnn(cell: str, input_size: int, hidden_size: int, bidirectional: bool) -> nn.RNNBase:
    rnn: nn.RNNBase
    if cell == "gru":
        rnn = nn.GRU(input_size, hidden_size, batch_first=True, bidirectional=bidirectional)
    elif cell == "lstm":
        rnn = nn.LSTM(input_size, hidden_size, batch_first=True, bidirectional=bidirectional)
    else:
        rnn = nn.RNN(
            input_size,
            hidden_size,
            nonlinearity=cell.removeprefix("rnn_"),
            batch_first=True,
            bidirectional=bidirectional,
        )
    for name, parameter in rnn.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
            if cell == "lstm" and name.startswith("bias_ih"):
                # A forget gate that starts open (Jozefowicz et al. 2015).
                nn.init.ones_(parameter[hidden_size : 2 * hidden_size].detach())
            continue
        for gate in parameter.detach().split(hidden_size):
            if name.startswith("weight_hh"):
                nn.init.orthogonal_(gate)
            else:
                nn.init.xavier_uniform_(gate)
    return rnn
