"""Global mean and deviation of features over a training set."""

from __future__ import annotations

import torch
from torch import Tensor

_LEAST_STD = 1e-2  # a feature that hardly moves is not blown up


class FeatureStatistics:
    """Mean and standard deviation of each feature, gathered batch by batch in float64.

    Args:
        dimension: F.
    """

    def __init__(self, dimension: int) -> None:
        self.count = 0
        self.mean = torch.zeros(dimension, dtype=torch.float64)
        self.squares = torch.zeros(dimension, dtype=torch.float64)  # of what differs from the mean

    def update(self, feats: Tensor, feat_lens: Tensor) -> None:
        """Take in a batch.

        Args:
            feats: (B, T, F), anything beyond `feat_lens`.
            feat_lens: (B) valid frames, int64.
        """
        frames = torch.arange(feats.shape[1], device=feats.device)
        valid = feats[frames < feat_lens[:, None].to(feats.device)].double().cpu()
        if not len(valid):
            return
        # Chan, Golub & LeVeque, "Algorithms for computing the sample variance" (1983).
        mean = valid.mean(0)
        total = self.count + len(valid)
        shift = mean - self.mean
        self.squares += (valid - mean).square().sum(0)
        self.squares += shift.square() * (self.count * len(valid) / total)
        self.mean += shift * (len(valid) / total)
        self.count = total

    def mean_std(self) -> tuple[Tensor, Tensor]:
        """(F) mean and (F) standard deviation, float32; 0 and 1 before any frame came."""
        if not self.count:
            return torch.zeros(len(self.mean)), torch.ones(len(self.mean))
        std = (self.squares / self.count).sqrt().clamp(min=_LEAST_STD)
        return self.mean.to(torch.float32), std.to(torch.float32)
