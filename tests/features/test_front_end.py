"""The whole front end: streams, batches, padding, gain, silence.

Tolerances: 1e-5 where the same float32 operations run on the same samples, so that only the
blocking of matrix products differs (Kaldi's lifter multiplies that by up to 12); 1e-4 where
levels differ and rounding with them.
"""

from __future__ import annotations

import itertools

import pytest
import torch

from speechrnn.config import FeaturesConfig
from speechrnn.features import FrontEnd

CONFIGS = [
    FeaturesConfig(kind=kind, style=style, floor=floor, deltas=deltas, floor_db=floor_db)
    for (kind, style), (floor, floor_db, deltas) in itertools.product(
        [("logmel", "torchaudio"), ("mfcc", "torchaudio"), ("mfcc", "kaldi")],
        [("peak", 30.0, 1), ("peak", 30.0, 0), ("absolute", 80.0, 2)],
    )
]


def same(config: FeaturesConfig) -> dict[str, float]:
    return {"rtol": 0, "atol": 12e-5 if config.style == "kaldi" else 1e-5}


def bursts(batch_size: int, samples: int, seed: int = 0) -> torch.Tensor:
    """Noise whose level swings by 60 dB, (B, S)."""
    generator = torch.Generator().manual_seed(seed)
    level = torch.nn.functional.interpolate(
        torch.rand(batch_size, 1, 12, generator=generator) * 3 - 3.5, samples, mode="linear"
    )
    return torch.randn(batch_size, samples, generator=generator) * 10 ** level[:, 0]


def random_front_end(config: FeaturesConfig) -> FrontEnd:
    front_end = FrontEnd(config)
    generator = torch.Generator().manual_seed(5)
    size = config.dimension
    mean = torch.randn(size, generator=generator)
    front_end.set_statistics(mean, 0.5 + torch.rand(size, generator=generator))
    return front_end


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("blocks", ["one sample", "random", "large"])
def test_streaming_equals_offline(config: FeaturesConfig, blocks: str) -> None:
    front_end, grid = random_front_end(config), config.grid
    samples = grid.window_samples + (700 if blocks == "one sample" else 20000)
    wave = bursts(1, samples)
    whole, _ = front_end(wave)
    generator = torch.Generator().manual_seed(7)
    most = {"one sample": 1, "random": 1000, "large": 9000}[blocks]
    buffer, peak = wave[:, :0], front_end.initial_peak(1)
    parts, at = [], 0
    while at < samples:
        size = int(torch.randint(1, most + 1, (), generator=generator))
        buffer = torch.cat([buffer, wave[:, at : at + size]], 1)
        at += size
        frames = grid.valid_frames(buffer.shape[1])
        if frames:
            feats, peaks = front_end(buffer, peak)
            parts.append(feats)
            peak = peaks[:, frames - 1] if peaks.shape[1] else peak
            buffer = buffer[:, frames * grid.hop_samples :]
    torch.testing.assert_close(torch.cat(parts, 1), whole, **same(config))


@pytest.mark.parametrize("config", CONFIGS)
def test_features_depend_on_nothing_but_their_own_wave(config: FeaturesConfig) -> None:
    front_end, samples = random_front_end(config), 9000
    wave = bursts(1, samples)
    alone, _ = front_end(wave)
    padded = torch.cat([wave, torch.zeros(1, 5000)], 1)
    loud = torch.cat([wave, 30 * torch.ones(1, 5000)], 1)
    neighbour = 50 * bursts(1, samples + 5000, seed=3)
    together, _ = front_end(torch.cat([padded, neighbour, loud]))
    for row in (0, 2):
        torch.testing.assert_close(together[row : row + 1, : alone.shape[1]], alone, **same(config))


@pytest.mark.parametrize("config", CONFIGS)
def test_frame_count_and_size_are_as_announced(config: FeaturesConfig) -> None:
    front_end, grid = FrontEnd(config), config.grid
    for samples in (1, grid.hop_samples, grid.hop_samples + 1, 16000):
        frames = grid.num_frames(samples)
        feats, _ = front_end(torch.zeros(2, grid.padded_samples(frames)))
        assert feats.shape == (2, frames, config.dimension)


@pytest.mark.parametrize("config", CONFIGS)
def test_silence_makes_finite_features(config: FeaturesConfig) -> None:
    front_end = FrontEnd(config)
    feats, peaks = front_end(torch.zeros(1, 16000 * 60))
    assert feats.isfinite().all() and peaks.isfinite().all()


@pytest.mark.parametrize("kind", ["logmel", "mfcc"])
@pytest.mark.parametrize("gain_db", [-30.0, -6.0, 12.0])
def test_peak_floor_cancels_gain(kind: str, gain_db: float) -> None:
    """Above the least peak, level is no part of the features."""
    front_end = FrontEnd(FeaturesConfig(kind=kind, floor_db=30.0, peak_least_db=-90.0))
    wave = bursts(2, 16000)
    wave = torch.cat([wave.std() * torch.randn(2, 2000), wave], 1)
    reference, _ = front_end(wave)
    changed, _ = front_end(wave * 10 ** (gain_db / 20))
    torch.testing.assert_close(changed, reference, rtol=0, atol=1e-4)


def test_a_pause_leaves_the_peak_above_its_noise() -> None:
    """The peak once fell without end, until after minutes faint noise looked like speech."""
    config = FeaturesConfig(peak_least_db=-50.0, floor_db=30.0, deltas=0)
    noise = 10 ** (-90 / 20) * torch.randn(1, 600 * 16000)
    feats, peaks = FrontEnd(config)(torch.cat([bursts(1, 8000), noise], 1))
    torch.testing.assert_close(peaks[0, -1], FrontEnd(config).initial_peak(1)[0])
    silence, _ = FrontEnd(config)(torch.zeros(1, 16000))
    torch.testing.assert_close(feats[0, -1], silence[0, 0], rtol=0, atol=1e-4)


def test_statistics_normalise_and_travel_with_the_weights() -> None:
    config = FeaturesConfig()
    plain, front_end = FrontEnd(config), random_front_end(config)
    other = FrontEnd(config)
    other.load_state_dict(front_end.state_dict())
    wave = bursts(1, 8000)
    expected = (plain(wave)[0] - front_end.mean) / front_end.std
    torch.testing.assert_close(other(wave)[0], expected, **same(config))
    assert set(front_end.state_dict()) == {"mean", "std"}


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("config", CONFIGS)
def test_gpu_agrees_with_cpu(config: FeaturesConfig) -> None:
    wave = bursts(4, 16000)
    on_cpu, _ = FrontEnd(config)(wave)
    on_gpu, _ = FrontEnd(config).cuda()(wave.cuda())
    torch.testing.assert_close(on_gpu.cpu(), on_cpu, rtol=1e-4, atol=1e-3)  # other transforms
