"""From the hidden frames of an utterance to one vector; padding never takes part."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from speechrnn.models.lengths import span_mask


def pool_last(hidden: Tensor, starts: Tensor, stops: Tensor, forward_size: int) -> Tensor:
    """(B, D) where each direction ends: forward at the last frame, backward at the first.

    Args:
        hidden: (B, T, D) hidden frames; the first `forward_size` of D run forward in time.
        starts: (B) first valid frame.
        stops: (B) frame behind the last valid one.
        forward_size: Size of the forward direction's part.
    """
    rows = torch.arange(len(hidden), device=hidden.device)
    forward = hidden[rows, stops - 1, :forward_size]
    return torch.cat([forward, hidden[rows, starts, forward_size:]], dim=-1)


def pool_mean(hidden: Tensor, starts: Tensor, stops: Tensor) -> Tensor:
    """(B, D) the mean over valid frames.

    Args:
        hidden: (B, T, D) hidden frames.
        starts: (B) first valid frame.
        stops: (B) frame behind the last valid one.
    """
    outside = ~span_mask(starts, stops, hidden.shape[1])[:, :, None]
    return hidden.masked_fill(outside, 0.0).sum(dim=1) / (stops - starts)[:, None]


def pool_max(hidden: Tensor, starts: Tensor, stops: Tensor) -> Tensor:
    """(B, D) the largest value of each unit over valid frames.

    Args:
        hidden: (B, T, D) hidden frames.
        starts: (B) first valid frame.
        stops: (B) frame behind the last valid one.
    """
    outside = ~span_mask(starts, stops, hidden.shape[1])[:, :, None]
    return hidden.masked_fill(outside, -torch.inf).amax(dim=1)


class AttentionPool(nn.Module):
    """Learned weights over valid frames; each head pools its own share of the hidden vector.

    A softmax over time of one linear score a head, as in the structured self-attention of
    Lin et al. 2017 (arXiv 1703.03130) with the share of multi-head attention (Vaswani et al.
    2017, arXiv 1706.03762).

    Args:
        hidden_size: D, size of a hidden frame; a multiple of `heads`.
        heads: How many weightings.
    """

    def __init__(self, hidden_size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.score = nn.Linear(hidden_size, heads, bias=False)  # a bias shifts all frames alike

    def forward(self, hidden: Tensor, starts: Tensor, stops: Tensor) -> Tensor:
        """(B, D) the weighted means, head beside head.

        Args:
            hidden: (B, T, D) hidden frames.
            starts: (B) first valid frame.
            stops: (B) frame behind the last valid one.
        """
        inside = span_mask(starts, stops, hidden.shape[1])[:, :, None]
        # Frames beyond the valid ones hold anything; zero weight alone would let infinity through.
        hidden = hidden.masked_fill(~inside, 0.0)
        weights = self.score(hidden).masked_fill(~inside, -torch.inf).softmax(dim=1)  # (B, T, N)
        shares = hidden.unflatten(-1, (self.heads, -1))  # (B, T, N, D/N)
        return torch.einsum("btn,btnd->bnd", weights.to(hidden.dtype), shares).flatten(1)
