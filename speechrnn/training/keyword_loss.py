"""The max-pooling loss of per-frame keyword posteriors."""

from __future__ import annotations

import torch
from torch import Tensor

_SUREST = 1 - 1e-6  # a posterior of 1 would cost infinity


def keyword_loss(log_probs: Tensor, begins: Tensor, words: Tensor) -> Tensor:
    """Have each word stand out in one frame, and no other word in any.

    Of a clip's frames only the one where its word is likeliest has to name it (Sun et al. 2016,
    "Max-pooling loss training of long short-term memory networks for small-footprint keyword
    spotting", arXiv 1705.02411); of every other word the likeliest frame is pushed down.

    Args:
        log_probs: (B, T, V') of `BLANK` and the words.
        begins: (B, K) first frame of each clip, ascending; it ends where the next begins.
        words: (B, K) the symbol of each clip; 0, the blank, where it holds no word.

    Returns:
        The mean over clips.
    """
    places = torch.arange(log_probs.shape[1], device=log_probs.device)
    ends = torch.nn.functional.pad(begins[:, 1:], (0, 1), value=log_probs.shape[1])
    inside = (places >= begins[:, :, None]) & (places < ends[:, :, None])  # (B, K, T)
    spread = log_probs[:, None].masked_fill(~inside[..., None], -torch.inf)
    best = spread.amax(dim=2)  # (B, K, V')
    own = best.gather(2, words[:, :, None]).squeeze(2)
    is_word = (words > 0) & inside.any(2)  # a clip shorter than a frame has none to name it
    missed = -own.masked_fill(~is_word, 0.0)
    others = torch.ones_like(best, dtype=torch.bool).scatter(2, words[:, :, None], False)
    others[..., 0] = False
    false = -torch.log1p(-best.exp().clamp(max=_SUREST)).masked_fill(~others, 0.0).sum(2)
    return (missed + false).mean()
