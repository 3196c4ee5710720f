from __future__ import annotations

import math

import pytest
import torch

from speechrnn.augment import conditions
from speechrnn.augment.conditions import Condition, without_silence

RATE_HZ = 16000
LENS = torch.tensor([16000, 12000])
CLIPS = torch.tensor([0, 1])
NOISE = (1000 * torch.randn(80_000, generator=torch.Generator().manual_seed(1))).short()


def found(kind: str, degree: str, seed: int = 7) -> Condition:
    """One of the conditions."""
    made = conditions.all_conditions(RATE_HZ, seed, NOISE)
    [condition] = [one for one in made if (one.kind, one.degree) == (kind, degree)]
    return condition


def tones(hz: float, level: float = 0.1) -> torch.Tensor:
    """(2, S) a tone, zero beyond `LENS`."""
    wave = level * torch.sin(2 * math.pi * hz * torch.arange(16000) / RATE_HZ)
    wave = wave.repeat(2, 1)
    wave[1, 12000:] = 0
    return wave


def level_db(wave: torch.Tensor) -> float:
    return float(10 * wave.double().square().mean().log10())


@pytest.mark.parametrize("snr_db", [20, 0])
def test_noise_has_the_ratio_that_its_name_says(snr_db: int) -> None:
    clean = tones(1000)
    extra = found("noise", f"{snr_db} dB")(clean, LENS, CLIPS) - clean
    for row, length in enumerate(LENS):
        ratio_db = level_db(clean[row, :length]) - level_db(extra[row, :length])
        assert ratio_db == pytest.approx(snr_db, abs=0.05)
    assert not extra[1, 12000:].any()


def test_noise_hangs_on_clip_and_seed_alone() -> None:
    clean = tones(1000)
    both = found("noise", "5 dB")(clean, LENS, CLIPS)
    alone = found("noise", "5 dB")(clean[1:], LENS[1:], CLIPS[1:])
    assert torch.equal(both[1, :12000], alone[0, :12000])
    assert not torch.allclose(both, found("noise", "5 dB", seed=8)(clean, LENS, CLIPS), atol=1e-3)


def test_digital_silence_is_no_noise() -> None:
    padded = torch.cat([NOISE[:3200], torch.zeros(8000, dtype=torch.int16), NOISE[3200:6400]])
    torch.testing.assert_close(without_silence(padded), NOISE[:6400], rtol=0, atol=0)


def test_gain_ends_at_full_scale_and_in_16_bits() -> None:
    loud = found("gain", "+6 dB")(tones(100, 0.8), LENS, CLIPS)
    assert loud.abs().max() == 1.0
    quiet = found("gain", "-30 dB")(tones(100), LENS, CLIPS)
    assert level_db(quiet[0]) == pytest.approx(level_db(tones(100)[0]) - 30, abs=0.05)
    steps = quiet * 32767
    torch.testing.assert_close(steps, steps.round(), rtol=0, atol=1e-3)


def test_a_telephone_passes_its_band_alone() -> None:
    for hz in (1000, 2000):
        sent = found("telephone", "300–3400 Hz")(tones(hz), LENS, CLIPS)
        inside = slice(2000, 10000)
        assert level_db(sent[1, inside]) == pytest.approx(level_db(tones(hz)[1, inside]), abs=0.2)
    for hz in (100, 5000):
        sent = found("telephone", "300–3400 Hz")(tones(hz), LENS, CLIPS)
        assert level_db(sent[1, 2000:10000]) < level_db(tones(hz)[1]) - 30


def test_a_room_rings_as_long_as_its_name_says() -> None:
    click = torch.zeros(40, 16000)
    click[:, 0] = 0.9
    lens, clips = torch.full((40,), 16000), torch.arange(40)
    for time_s in (0.3, 0.6):
        tail = found("room", f"RT60 {time_s:g} s")(click, lens, clips)[:, 200:].square().mean(0)
        left = tail.flip(0).cumsum(0).flip(0)  # Schroeder's integral
        falls = 10 * (left / left[0]).clamp(min=1e-12).log10()
        time = torch.arange(len(falls)) / RATE_HZ
        span = (falls < -5) & (falls > -25)
        slope = (falls[span][-1] - falls[span][0]) / (time[span][-1] - time[span][0])
        assert -60 / float(slope) == pytest.approx(time_s, rel=0.15)


def test_without_noise_only_the_others_are_tried() -> None:
    kinds = [one.kind for one in conditions.all_conditions(RATE_HZ, 0, None)]
    assert kinds == ["as recorded", *["gain"] * 4, "telephone", "room", "room"]
    assert torch.equal(
        conditions.all_conditions(RATE_HZ, 0, None)[0](tones(500, 0.0), LENS, CLIPS),
        torch.zeros(2, 16000),
    )
