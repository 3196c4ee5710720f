"""All changes together.

1e-5 where an utterance meets other transform sizes in another batch; bit for bit elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from speechrnn.augment import Augmenter
from speechrnn.config import AugmentConfig, FeaturesConfig

EXACT = {"rtol": 0, "atol": 0}
OFF: dict[str, Any] = {
    "shift_ms": 0.0, "speed": (1.0, 1.0), "gain_db": (0.0, 0.0), "noise_probability": 0.0,
    "reverberation_probability": 0.0, "band_limit_probability": 0.0, "time_masks": 0,
    "frequency_masks": 0,
}  # fmt: skip
ALL = AugmentConfig(
    noise_probability=0.6, reverberation_probability=0.5, band_limit_probability=0.5
)
COUNT = 40


def make(config: AugmentConfig, kind: str = "mfcc", **more: Any) -> Augmenter:
    features = FeaturesConfig(sample_rate_hz=8000, high_hz=3800, kind=kind)
    settings = {"seed": 3, "noise": None, "device": torch.device("cpu"), **more}
    return Augmenter(config, features, **settings)


def clips(device: str = "cpu") -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Noise of 0.1 to 1.5 s each; the first clip is silent."""
    random = np.random.default_rng(0)
    lengths = random.integers(800, 12_000, COUNT)
    arena = random.integers(-9000, 9000, lengths.sum(), dtype=np.int16)
    arena[: lengths[0]] = 0
    starts = np.cumsum(lengths) - lengths
    return tuple(torch.from_numpy(x).to(device) for x in (arena, starts, lengths))


def waves(
    augmenter: Augmenter, indices: torch.Tensor, epoch: int = 0, device: str = "cpu"
) -> tuple[torch.Tensor, torch.Tensor]:
    arena, starts, lengths = clips(device)
    return augmenter.waves(arena, starts[indices], lengths[indices], indices, epoch)


def test_same_seed_and_epoch_same_waves() -> None:
    indices = torch.arange(COUNT)
    first = waves(make(ALL), indices)
    torch.testing.assert_close(waves(make(ALL), indices), first, **EXACT)
    for other in (waves(make(ALL), indices, epoch=1), waves(make(ALL, seed=4), indices)):
        assert (other[1] != first[1]).sum() > COUNT // 2
        assert other[0].shape != first[0].shape or (other[0] != first[0]).any(1).sum() > COUNT // 2


def test_an_utterance_is_the_same_in_any_batch() -> None:
    augmenter, indices = make(ALL), torch.arange(COUNT)
    together, lens = waves(augmenter, indices)
    for batch in (indices[7:8], indices[20:].flip(0), indices[::9]):
        wave, wave_lens = waves(augmenter, batch)
        torch.testing.assert_close(wave_lens, lens[batch], **EXACT)
        for row, index in enumerate(batch):
            n = lens[index]
            torch.testing.assert_close(wave[row, :n], together[index, :n], rtol=0, atol=1e-5)


def test_waves_are_finite_silent_beyond_their_end_and_silence_stays() -> None:
    wave, lens = waves(make(ALL), torch.arange(COUNT))
    assert wave.isfinite().all()
    assert not wave[torch.arange(wave.shape[1]) >= lens[:, None]].any()
    assert not wave[0].any()


def test_nothing_changes_where_nothing_is_asked() -> None:
    augmenter = make(AugmentConfig(**OFF))
    arena, starts, lengths = clips()
    wave, lens = waves(augmenter, torch.arange(COUNT))
    torch.testing.assert_close(lens, lengths, **EXACT)
    for row in range(COUNT):
        clip = arena[starts[row] : starts[row] + lengths[row]]
        torch.testing.assert_close(wave[row, : lens[row]], clip / 32767, **EXACT)
    feats = torch.randn(COUNT, 30, 40)
    same = augmenter.features(feats, torch.full((COUNT,), 30), torch.arange(COUNT), 0)
    torch.testing.assert_close(same, feats, **EXACT)


def test_gain_is_exact() -> None:
    indices = torch.arange(COUNT)
    plain, _ = waves(make(AugmentConfig(**OFF)), indices)
    louder, _ = waves(make(AugmentConfig(**OFF | {"gain_db": (6.0, 6.0)})), indices)
    torch.testing.assert_close(louder, plain * 10 ** (6 / 20), rtol=1e-6, atol=0)
    varied, _ = waves(make(AugmentConfig(**OFF | {"gain_db": (-12.0, 6.0)})), indices)
    gains_db = 20 * torch.log10((varied / plain)[1:].nanmedian(dim=1).values)
    assert -12 <= gains_db.min() < -9 and 3 < gains_db.max() <= 6


def test_lengths_follow_speed_and_shift() -> None:
    config = AugmentConfig(**OFF | {"shift_ms": 100.0, "speed": (0.9, 1.1)})
    lengths = clips()[2]
    _, lens = waves(make(config), torch.arange(COUNT))
    # Speeds are rounded to 1/64; each edge holds at most 100 ms, 800 samples.
    assert (lens >= lengths / 1.11).all() and (lens <= lengths / 0.89 + 2 * 802).all()
    shorter = lens < lengths
    assert 0 < shorter.sum() < COUNT


def test_probabilities_are_kept() -> None:
    """A thousand utterances: 0.3 plus or minus five standard errors of 0.0145."""
    config = AugmentConfig(**OFF | {"noise_probability": 0.3})
    arena, starts, lengths = (x[:20_000] for x in clips())
    starts, lengths = starts[1:2].expand(1000), torch.full((1000,), 800)
    wave, _ = make(config).waves(arena, starts, lengths, torch.arange(1000), 0)
    changed = (wave != arena[starts[0] : starts[0] + 800] / 32767).any(1).float().mean()
    assert abs(changed - 0.3) < 5 * 0.0145


def test_given_noise_is_used() -> None:
    config = AugmentConfig(**OFF | {"noise_probability": 1.0, "noise_snr_db": (0.0, 0.0)})
    beat = torch.tensor([12_000, -12_000] * 4000, dtype=torch.int16)
    indices = torch.arange(1, COUNT)
    plain, lens = waves(make(AugmentConfig(**OFF)), indices)
    noisy, _ = waves(make(config, noise=beat), indices)
    extra = (noisy - plain)[:, : int(lens.min())]
    torch.testing.assert_close(extra[:, 1:], -extra[:, :-1], rtol=1e-3, atol=1e-5)
    assert extra.abs().min() > 0.1


@pytest.mark.parametrize("kind", ["mfcc", "logmel"])
def test_masks_blank_the_same_bands_in_all_deltas(kind: str) -> None:
    config = AugmentConfig(**OFF | {"time_masks": 1, "frequency_masks": 1, "time_mask_ms": 200.0})
    feats = 1 + torch.rand(200, 60, 80 if kind == "logmel" else 40)
    masked = make(config, kind).features(feats, torch.full((200,), 60), torch.arange(200), 0)
    kept = masked != 0
    torch.testing.assert_close(masked[kept], feats[kept], **EXACT)
    frames, bands = kept.any(2), kept.any(1)
    torch.testing.assert_close(kept, frames[:, :, None] & bands[:, None], **EXACT)
    assert not frames.all() and (frames.sum(1) >= 50).all()
    if kind == "mfcc":
        assert bands.all()
    else:
        assert not bands.all() and (bands.sum(1) >= 64).all()
        torch.testing.assert_close(bands[:, :40], bands[:, 40:], **EXACT)


def test_mixup_takes_the_configured_probability() -> None:
    augmenter = make(AugmentConfig(mixup_probability=1.0))
    partners, weights = augmenter.mixup(torch.arange(100), 0, 5000)
    assert (partners > 100).any() and (weights < 1).any()


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpu_agrees_with_cpu() -> None:
    indices = torch.arange(COUNT)
    expected, lens = waves(make(ALL), indices)
    wave, wave_lens = waves(make(ALL, device=torch.device("cuda")), indices, device="cuda")
    torch.testing.assert_close(wave_lens.cpu(), lens, **EXACT)
    torch.testing.assert_close(wave.cpu(), expected, rtol=0, atol=1e-4)  # other transforms


def test_trimming_leaves_a_middle_part_of_the_clip() -> None:
    arena, starts, lengths = clips()
    indices = torch.arange(1, COUNT)
    wave, wave_lens = waves(make(AugmentConfig(**OFF, trim_ms=50.0)), indices)
    lost = lengths[indices] - wave_lens
    assert (lost >= 0).all() and (lost > 0).any() and (lost <= 2 * 400).all()
    for row, index in enumerate(indices.tolist()):
        whole = arena[starts[index] : starts[index] + lengths[index]].tolist()
        part = (wave[row, : wave_lens[row]] * 32767).round().int().tolist()
        begin = whole.index(part[0])
        assert any(
            whole[begin : begin + len(part)] == part
            for begin in range(begin, len(whole) - len(part) + 1)
        )


def test_trimming_spares_half_of_a_short_clip() -> None:
    _, _, lengths = clips()
    indices = torch.arange(COUNT)
    _, wave_lens = waves(make(AugmentConfig(**OFF, trim_ms=9000.0)), indices)
    assert (wave_lens >= lengths // 2).all()


@pytest.mark.parametrize("speed", [(1.0, 1.0), (0.8, 1.25)])
def test_lengths_are_known_before(speed: tuple[float, float]) -> None:
    augmenter = make(AugmentConfig(speed=speed, trim_ms=40))
    indices = torch.arange(COUNT) + 7 * COUNT  # other draws of the same clips
    arena, starts, lengths = clips()
    _, expected = augmenter.waves(arena, starts, lengths, indices, 2)
    assert augmenter.lengths(lengths, indices, 2).tolist() == expected.tolist()
    assert augmenter.lengths(lengths, indices, 3).tolist() != expected.tolist()
