"""The classic recurrent cells: torch's own, except where a CPU has to learn."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from speechrnn.models import recurrence
from speechrnn.models.layer import LayerState, SequenceLayer, chunk_ends, state_at
from speechrnn.models.reversal import Reversal

_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class RecurrentLayer(SequenceLayer):
    """A GRU, LSTM or plain RNN layer.

    Args:
        cell: gru, lstm, rnn_tanh or rnn_relu.
        input_size: I, size of an input frame.
        hidden_size: H, units of one direction.
        bidirectional: Whether a second direction runs backward in time.
        memory_frames: Frames that the units of a GRU or LSTM carry something over before they have
            learnt anything, each another number, up to this; none: a few.
    """

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        bidirectional: bool,
        memory_frames: int | None = None,
    ) -> None:
        super().__init__(cell, hidden_size, bidirectional)
        self.rnn = _make_rnn(cell, input_size, hidden_size, bidirectional)
        if memory_frames is not None:
            _remember(self.rnn, cell, memory_frames)

    def initial_state(self, batch_size: int) -> LayerState:
        """Zeros, in the weights' type and place; an LSTM has a cell state as well."""
        return super().initial_state(batch_size) * (2 if self.cell == "lstm" else 1)

    def forward(
        self, x: Tensor, lens: Tensor, state: LayerState | None, commit: Tensor | None
    ) -> tuple[Tensor, LayerState]:
        """See `SequenceLayer.forward`."""
        start = self.initial_state(len(x)) if state is None else state
        if _learns_on_cpu(x):
            output, states = self._unroll(x, lens, start)
            if commit is None:
                return output, ()
            return output, tuple(
                state_at(part, commit, first) for part, first in zip(states, start, strict=True)
            )
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
        hidden = state_at(output[:, :, : self.hidden_size], commit, start[0])
        if self.cell != "lstm":
            return output, (hidden,)
        stop = lens if self.bidirectional else torch.full_like(lens, x.shape[1])
        if bool((commit.to(stop.device) == stop).all()):
            return output, (hidden, last[1][0])
        return output, (hidden, self._cell_at(x, commit, start))

    def _run_chunks(
        self, x: Tensor, state: LayerState, chunk: int
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        if _learns_on_cpu(x):
            states = self._unroll_one(x, state)
            return states[0], tuple(chunk_ends(part, chunk) for part in states)
        if self.cell != "lstm":
            return super()._run_chunks(x, state, chunk)
        outputs, ends = [], []  # one call would not return the cell states in between
        for part in x.split(chunk, dim=1):
            output, state = self._run(part, state)
            outputs.append(output)
            ends.append(state)
        hidden, cells = zip(*ends, strict=True)
        return torch.cat(outputs, dim=1), (torch.stack(hidden, 1), torch.stack(cells, 1))

    def _run(
        self, x: Tensor, state: LayerState, backward: bool = False
    ) -> tuple[Tensor, LayerState]:
        suffix = "_reverse" if backward else ""
        if _learns_on_cpu(x):
            states = self._unroll_one(x, state, suffix)
            return states[0], tuple(part[:, -1] for part in states)
        weights = self._weights(suffix)
        run = getattr(torch, self.cell)
        start = [part[None].contiguous() for part in state]
        hx = start if self.cell == "lstm" else start[0]
        output, *last = run(x, hx, weights, True, 1, 0.0, self.training, False, True)
        return output, tuple(part[0] for part in last)

    def _unroll(
        self, x: Tensor, lens: Tensor, start: LayerState
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(B, T, H or 2H) outputs, and (B, T, H) each state of the forward direction."""
        if not self.bidirectional:
            states = self._unroll_one(x, start)
            return states[0], states
        turn = Reversal(lens.to(x.device), x.shape[1])
        both = tuple(torch.stack([part, torch.zeros_like(part)]) for part in start)
        pairs = zip(self._weights(""), self._weights("_reverse"), strict=True)
        weights = tuple(torch.stack(pair) for pair in pairs)
        states = recurrence.run(self.cell, turn.split(x), both, weights)
        return turn.join(states[0]), tuple(part[0].transpose(0, 1) for part in states)

    def _unroll_one(self, x: Tensor, start: LayerState, suffix: str = "") -> tuple[Tensor, ...]:
        """(B, T, H) each state of one direction."""
        weights = tuple(weight[None] for weight in self._weights(suffix))
        first = tuple(part[None] for part in start)
        states = recurrence.run(self.cell, x.transpose(0, 1)[None], first, weights)
        return tuple(part[0].transpose(0, 1) for part in states)

    def _weights(self, suffix: str) -> list[Tensor]:
        return [getattr(self.rnn, f"{name}_l0{suffix}") for name in _WEIGHTS]

    def _rnn_state(self, start: LayerState) -> Tensor | LayerState:
        zeros = torch.zeros_like(start[0])
        both = tuple(torch.stack([s, zeros] if self.bidirectional else [s]) for s in start)
        return both if self.cell == "lstm" else both[0]

    def _cell_at(self, x: Tensor, commit: Tensor, start: LayerState) -> Tensor:
        """(B, H) the LSTM's cell state after `commit` frames, which one call does not return."""
        steps = commit.cpu().clamp(min=1)
        sequence = pack_padded_sequence(x, steps, batch_first=True, enforce_sorted=False)
        order, back = sequence.sorted_indices, sequence.unsorted_indices
        weights = self._weights("")
        state = [s[order][None] for s in start]
        _, _, cell = torch.lstm(
            sequence.data, sequence.batch_sizes, state, weights, True, 1, 0.0, False, False
        )
        return torch.where(commit[:, None].to(x.device) > 0, cell[0][back], start[1])


def _learns_on_cpu(x: Tensor) -> bool:
    return x.device.type == "cpu" and torch.is_grad_enabled()


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


def _remember(rnn: nn.RNNBase, cell: str, frames: int) -> None:
    """Chrono initialisation: Tallec & Ollivier 2018, "Can recurrent neural networks warp time?"."""
    for name, bias in rnn.named_parameters():
        if name.startswith("bias_ih"):
            gates = bias.detach().view(-1, rnn.hidden_size)  # LSTM: i, f, g, o; GRU: r, z, n
            kept = torch.log(torch.empty(rnn.hidden_size).uniform_(1, frames - 1))
            gates[1] = kept
            if cell == "lstm":
                gates[0] = -kept
