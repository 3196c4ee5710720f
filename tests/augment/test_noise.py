"""Noise at a drawn ratio: within 0.2 dB, for a clip between zeros."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from speechrnn.augment.noise import Noise, add_noise, synthetic_noise


def clips() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Three clips of different level, length and silence around them; the last one all silent."""
    torch.manual_seed(0)
    wave = torch.zeros(3, 9000)
    wave[0, 1000:6000] = 0.3 * torch.randn(5000)
    wave[1, :2000] = 0.01 * torch.randn(2000)
    return wave, torch.tensor([8000, 2000, 9000]), torch.tensor([5000, 2000, 7000])


@pytest.mark.parametrize("noise_samples", [700, 50_000])
def test_ratio_is_as_asked_and_noise_fills_the_whole_row(noise_samples: int) -> None:
    wave, wave_lens, clip_lens = clips()
    clean = wave.clone()
    noise = (3000 * torch.randn(noise_samples)).to(torch.int16)
    rows, snr_db = torch.tensor([0, 1]), torch.tensor([5.0, 20.0])
    add_noise(wave, wave_lens, clip_lens, rows, Noise(noise), torch.tensor([0.999, 0.3]), snr_db)
    extra = wave - clean
    for row in (0, 1):
        inside = extra[row, : wave_lens[row]]
        power = clean[row].square().sum() / clip_lens[row]
        ratio_db = 10 * torch.log10(power / inside.square().mean())
        assert abs(ratio_db - snr_db[row]) < 0.2
        assert inside[:900].any() and inside[-900:].any()
        assert not extra[row, wave_lens[row] :].any()
    assert not extra[2].any()


def test_silence_stays_silent_and_silent_noise_adds_nothing() -> None:
    wave, wave_lens, clip_lens = clips()
    clean = wave.clone()
    one, half = torch.tensor([2]), torch.tensor([0.5])
    steady, nothing = Noise(torch.ones(500, dtype=torch.int16)), Noise(torch.zeros(500).short())
    add_noise(wave, wave_lens, clip_lens, one, steady, half, half)
    torch.testing.assert_close(wave, clean, rtol=0, atol=0)
    add_noise(wave, wave_lens, clip_lens, one - 2, nothing, half, half)
    torch.testing.assert_close(wave, clean, rtol=0, atol=0)


def test_synthetic_noise_has_five_kinds_of_one_level() -> None:
    noise = synthetic_noise(1, 10.0, 8000)
    assert noise.dtype == torch.int16 and len(noise) == 80_000
    torch.testing.assert_close(noise, synthetic_noise(1, 10.0, 8000), rtol=0, atol=0)
    assert (noise != synthetic_noise(2, 10.0, 8000)).any()
    kinds = noise.view(5, -1).double().numpy() / 32767
    np.testing.assert_allclose(np.sqrt((kinds**2).mean(1)), 0.1, rtol=0.05)  # some clip
    power = np.abs(np.fft.rfft(kinds)) ** 2
    below_1khz = power[:, : power.shape[1] // 4].sum(1) / power.sum(1)
    white, pink, brown, hum, babble = below_1khz
    assert white < 0.3 < 0.5 < pink < brown
    assert hum > 0.9 and babble > 0.6


def test_noise_goes_round_however_wide_the_rows() -> None:
    noise = Noise(torch.arange(5, dtype=torch.int16))
    assert noise.stretches(torch.tensor([3, 0]), 4).tolist() == [[3, 4, 0, 1], [0, 1, 2, 3]]
    assert noise.stretches(torch.tensor([4]), 12).tolist() == [[4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0]]
    assert noise.stretches(torch.tensor([2]), 2).tolist() == [[2, 3]]
    assert len(noise) == 5
