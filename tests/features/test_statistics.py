"""Global mean and deviation. Sums run in float64: 1e-4 leaves room for the float32 result only."""

from __future__ import annotations

import torch

from speechrnn.features import FeatureStatistics

TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}


def test_statistics_are_those_of_all_valid_frames() -> None:
    torch.manual_seed(0)
    statistics, valid = FeatureStatistics(3), []
    for size in (5, 1, 7):
        feats = 100 + torch.randn(size, 20, 3) * torch.tensor([1.0, 5.0, 0.3])
        lens = torch.randint(0, 21, (size,))
        valid += [row[:n].clone() for row, n in zip(feats, lens, strict=True)]
        for row, n in zip(feats, lens, strict=True):
            row[n:] = float("nan")
        statistics.update(feats, lens)
    mean, std = statistics.mean_std()
    frames = torch.cat(valid).double()
    torch.testing.assert_close(mean, frames.mean(0).float(), **TOLERANCE)
    torch.testing.assert_close(std, frames.std(0, correction=0).float(), **TOLERANCE)


def test_a_constant_feature_is_not_divided_by_nothing() -> None:
    statistics = FeatureStatistics(2)
    statistics.update(torch.full((2, 4, 2), 7.0), torch.tensor([4, 4]))
    mean, std = statistics.mean_std()
    torch.testing.assert_close(mean, torch.full((2,), 7.0), **TOLERANCE)
    assert (std > 0).all()


def test_no_frames_leave_features_as_they_are() -> None:
    mean, std = FeatureStatistics(2).mean_std()
    torch.testing.assert_close((mean, std), (torch.zeros(2), torch.ones(2)))
