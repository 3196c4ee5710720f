"""Connectionist temporal classification: all alignments of a sequence count."""

from __future__ import annotations

import torch
from torch import Tensor


def ctc_loss(
    log_probs: Tensor, lens: Tensor, targets: Tensor, target_lens: Tensor
) -> tuple[Tensor, int]:
    """Mean negative log-likelihood a unit (Graves et al. 2006, doi:10.1145/1143844.1143891).

    A sequence that its frames are too few for has no alignment: it is left out and counted, since
    its loss would be infinite.

    Args:
        log_probs: (B, T, V) float32, blank first.
        lens: (B) valid frames, int64.
        targets: (B, U) units, int64.
        target_lens: (B) how many of them are valid, int64.

    Returns:
        The mean over the sequences that are left, zero if none are, and how many were left out.
    """
    lens, device = lens.cpu(), log_probs.device
    twice = (targets[:, 1:] == targets[:, :-1]) & (
        torch.arange(targets.shape[1])[1:] < target_lens[:, None]
    )
    possible = target_lens + twice.sum(1) <= lens  # a blank parts a unit from its like
    left_out = int((~possible).sum())
    if left_out == len(lens):
        return log_probs.sum() * 0.0, left_out
    rows = possible.nonzero()[:, 0]
    losses = torch.nn.functional.ctc_loss(
        log_probs[rows.to(device)].transpose(0, 1),  # CTC wants (T, B, V)
        targets[rows].to(device),
        lens[rows],
        target_lens[rows],
        reduction="none",
    )
    return (losses / target_lens[rows].clamp(min=1).to(device)).mean(), left_out
