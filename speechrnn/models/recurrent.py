"""One recurrent layer over a batch of unequal lengths, with a state to carry on."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

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

    def _rnn_state(self, start: LayerState) -> Tensor | LayerState:
        zeros = torch.zeros_like(start[0])
        both = tuple(torch.stack([s, zeros] if self.bidirectional else [s]) for s in start)
        return both if self.cell == "lstm" else both[0]

    def _cell_at(self, x: Tensor, commit: Tensor, start: LayerState) -> Tensor:
        """(B, H) the LSTM's cell state after `commit` frames, which one call does not return."""
        steps = commit.cpu().clamp(min=1)
        sequence = pack_padded_sequence(x, steps, batch_first=True, enforce_sorted=False)
        order, back = sequence.sorted_indices, sequence.unsorted_indices
        weights = [
            getattr(self.rnn, f"{name}_l0")
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
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
