"""The floor under log-mel spectra.

Levels are about 10 in size, where 1e-4 is some hundred roundings of float32.
"""

from __future__ import annotations

import math

import pytest
import torch

from speechrnn.config import FeaturesConfig
from speechrnn.features.floor import Floor, running_peak

TOLERANCE = {"rtol": 0, "atol": 1e-4}


def stepped(levels: torch.Tensor, start: torch.Tensor, decay: float) -> torch.Tensor:
    """The running peak by its definition, frame by frame in float64."""
    tracks = []
    for row, peak in zip(levels.tolist(), start.tolist(), strict=True):
        tracks.append([peak := max(level, peak - decay) for level in row])
    return torch.tensor(tracks)


@pytest.mark.parametrize("decay", [0.0, 0.046, 3.0])
def test_running_peak_follows_its_definition(decay: float) -> None:
    torch.manual_seed(0)
    levels, start = 4 * torch.randn(5, 300), torch.tensor([-20.0, -3.0, 0.0, 5.0, 30.0])
    expected = stepped(levels, start, decay)
    torch.testing.assert_close(running_peak(levels, start, decay), expected, **TOLERANCE)


def test_running_peak_stays_exact_for_hours() -> None:
    """In float32 the ramp would be off by 1e-3 after half an hour."""
    torch.manual_seed(1)
    levels, start = torch.randn(1, 100_000), torch.zeros(1)
    expected = stepped(levels, start, 0.0461)
    torch.testing.assert_close(running_peak(levels, start, 0.0461), expected, **TOLERANCE)


def test_peak_carries_over_at_any_frame() -> None:
    torch.manual_seed(2)
    floor = Floor(FeaturesConfig(), full_scale=9.7)
    log_mel = torch.randn(2, 40, 8) * 5
    whole, peaks = floor(log_mel, None)
    for at in (1, 17, 39):
        rest, rest_peaks = floor(log_mel[:, at:], peaks[:, at - 1])
        torch.testing.assert_close(rest, whole[:, at:], **TOLERANCE)
        torch.testing.assert_close(rest_peaks, peaks[:, at:], **TOLERANCE)


def test_peak_features_reach_down_to_the_floor_only() -> None:
    floor = Floor(FeaturesConfig(floor_db=30.0), full_scale=0.0)
    log_mel = torch.tensor([[[0.0, -1.0, -50.0]]])
    feats, peaks = floor(log_mel, None)
    expected = torch.tensor([[[0.0, -1.0, -3 * math.log(10)]]])
    torch.testing.assert_close(feats, expected, **TOLERANCE)
    torch.testing.assert_close(peaks, torch.zeros(1, 1), **TOLERANCE)


def test_peak_falls_by_decibels_per_second() -> None:
    config = FeaturesConfig(peak_decay_db_s=10.0, hop_ms=20.0)
    silence = torch.full((1, 50, 4), -100.0)
    _, peaks = Floor(config, full_scale=0.0)(silence, torch.zeros(1))
    torch.testing.assert_close(peaks[0, -1].item(), -math.log(10), **TOLERANCE)  # after 1 s


def test_absolute_floor_lies_below_full_scale() -> None:
    config = FeaturesConfig(floor="absolute", floor_db=60.0)
    feats, peaks = Floor(config, full_scale=9.7)(torch.tensor([[[5.0, -50.0]]]), None)
    expected = torch.tensor([[[5.0, 9.7 - 6 * math.log(10)]]])
    torch.testing.assert_close(feats, expected, **TOLERANCE)
    assert peaks.shape == (1, 0)
