"""From the hidden frames of an utterance to one vector; padding never takes part."""

from __future__ import annotations

import math

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
        return _weighted(hidden, self.score(hidden), inside)


class MultiHeadPool(nn.Module):
    """Weights over valid frames by how well each goes with the middle one, learned.

    Scaled dot-product attention of several heads (Vaswani et al. 2017, arXiv 1706.03762) with one
    query, made of the middle frame as in the MHAtt-RNN of Rybakov et al. 2020 (arXiv 2005.06720).
    Unlike there, each head pools its own share of the hidden vector. In a stream the middle is
    that of the frames in view.

    Args:
        hidden_size: D, size of a hidden frame; a multiple of `heads`.
        heads: How many weightings.
    """

    def __init__(self, hidden_size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(hidden_size, hidden_size)
        self.key = nn.Linear(hidden_size, hidden_size, bias=False)  # as for `AttentionPool`

    def forward(self, hidden: Tensor, starts: Tensor, stops: Tensor) -> Tensor:
        """(B, D) the weighted means, head beside head.

        Args:
            hidden: (B, T, D) hidden frames.
            starts: (B) first valid frame.
            stops: (B) frame behind the last valid one.
        """
        inside = span_mask(starts, stops, hidden.shape[1])[:, :, None]
        hidden = hidden.masked_fill(~inside, 0.0)
        middle = hidden[torch.arange(len(hidden), device=hidden.device), (starts + stops) // 2]
        query = self.query(middle).unflatten(-1, (self.heads, -1))  # (B, N, D/N)
        keys = self.key(hidden).unflatten(-1, (self.heads, -1))  # (B, T, N, D/N)
        scores = torch.einsum("bnd,btnd->btn", query, keys) / math.sqrt(query.shape[-1])
        return _weighted(hidden, scores, inside)


def _weighted(hidden: Tensor, scores: Tensor, inside: Tensor) -> Tensor:
    """(B, D) of (B, T, D) frames, (B, T, N) scores and (B, T, 1) what is valid."""
    weights = scores.masked_fill(~inside, -torch.inf).softmax(dim=1)
    shares = hidden.unflatten(-1, (scores.shape[-1], -1))  # (B, T, N, D/N)
    return torch.einsum("btn,btnd->bnd", weights.to(hidden.dtype), shares).flatten(1)
