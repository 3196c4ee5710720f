"""Linear recurrences: the state is scaled and added to, so that all frames run in parallel."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from speechrnn.models.layer import LayerState, SequenceLayer, state_at
from speechrnn.models.lengths import span_mask

_LONGEST_MEMORY = 100.0  # frames, at the start of training
_GATES = {"mingru": 2, "rglru": 3}
SHARPNESS = 8.0  # c of the RG-LRU


class LinearRecurrentLayer(SequenceLayer):
    """h[t] = a[t] h[t - 1] + b[t], where a and b look at the frame and not at h.

    - `mingru`: the minimal GRU of Feng et al. 2024, "Were RNNs all we needed?" (arXiv 2410.01201):
      a = 1 - z, b = z (W x), z = sigmoid(V x).
    - `rglru`: the real-gated linear recurrent unit of De et al. 2024, "Griffin" (arXiv 2402.19427):
      a = exp(-8 softplus(s) sigmoid(U x)), b = sqrt(1 - a^2) sigmoid(V x) (W x).

    Args:
        cell: mingru or rglru.
        input_size: I, size of an input frame.
        hidden_size: H, units of one direction.
        bidirectional: Whether a second direction runs backward in time.
    """

    def __init__(self, cell: str, input_size: int, hidden_size: int, bidirectional: bool) -> None:
        super().__init__(cell, hidden_size, bidirectional)
        directions = 2 if bidirectional else 1
        self.gates = nn.ModuleList(
            nn.Linear(input_size, _GATES[cell] * hidden_size) for _ in range(directions)
        )
        for module in self.gates:
            linear = cast(nn.Linear, module)
            nn.init.zeros_(linear.bias)
            for gate in linear.weight.detach().split(hidden_size):
                nn.init.xavier_uniform_(gate)
            if cell == "mingru":
                # Memories of all lengths (Tallec & Ollivier 2018, arXiv 1804.11188).
                memory = torch.empty(hidden_size).uniform_(1.0, _LONGEST_MEMORY - 1.0)
                linear.bias.detach()[:hidden_size] = -memory.log()
        if cell == "rglru":
            fade = torch.empty(directions, hidden_size).uniform_(0.9, 0.999)
            self.speed = nn.Parameter((fade ** (-1 / SHARPNESS) - 1).log())

    def forward(
        self, x: Tensor, lens: Tensor, state: LayerState | None, commit: Tensor | None
    ) -> tuple[Tensor, LayerState]:
        """See `SequenceLayer.forward`."""
        (start,) = self.initial_state(len(x)) if state is None else state
        output, _ = self._run(x, (start,))
        state = () if commit is None else (state_at(output, commit, start),)
        if not self.bidirectional:
            return output, state
        decay, added = self.coefficients(x, backward=True)
        lens = lens.to(x.device)
        beyond = ~span_mask(torch.zeros_like(lens), lens, x.shape[1])[:, :, None]
        decay, added = (part.masked_fill(beyond, 0.0).flip(1) for part in (decay, added))
        reverse = linear_scan(decay, added, torch.zeros_like(start)).flip(1)
        return torch.cat([output, reverse], dim=-1), state

    def coefficients(self, x: Tensor, backward: bool) -> tuple[Tensor, Tensor]:
        """(B, T, H) a and (B, T, H) b of one direction.

        Args:
            x: (B, T, I) input frames.
            backward: Of the second direction.
        """
        parts = self.gates[int(backward)](x).split(self.hidden_size, dim=-1)
        if self.cell == "mingru":
            gate, candidate = parts
            return torch.sigmoid(-gate), torch.sigmoid(gate) * candidate
        fading, gate, candidate = parts
        speed = functional.softplus(self.speed[int(backward)])
        log_decay = -SHARPNESS * speed * torch.sigmoid(fading)
        kept = torch.sqrt(-torch.expm1(2 * log_decay))
        return log_decay.exp(), kept * torch.sigmoid(gate) * candidate

    def _run(
        self, x: Tensor, state: LayerState, backward: bool = False
    ) -> tuple[Tensor, LayerState]:
        output = linear_scan(*self.coefficients(x, backward), state[0])
        return output, (output[:, -1],)


def linear_scan(decay: Tensor, added: Tensor, start: Tensor) -> Tensor:
    """(B, T, H) h[t] = decay[t] h[t - 1] + added[t], in log2 T steps over all frames at once.

    The parallel prefix scan of Hillis & Steele 1986, "Data parallel algorithms".

    Args:
        decay: (B, T, H).
        added: (B, T, H).
        start: (B, H) h[-1].
    """
    first = added[:, :1] + decay[:, :1] * start[:, None]
    added = torch.cat([first, added[:, 1:]], dim=1)
    reach = 1
    while reach < added.shape[1]:
        later = added[:, reach:] + decay[:, reach:] * added[:, :-reach]
        added = torch.cat([added[:, :reach], later], dim=1)
        decay = torch.cat([decay[:, :reach], decay[:, reach:] * decay[:, :-reach]], dim=1)
        reach *= 2
    return added
