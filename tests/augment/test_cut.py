"""Cutting clips. Samples as recorded are compared bit for bit; resampled sines within 1e-2.

A sinc cut off at eight samples on either side errs by less than 1e-2 of the amplitude for tones
below 3/4 of the band.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from speechrnn.augment.cut import FULL_SCALE, cut, cut_at_speed
from speechrnn.augment.speed import BLOCK, SpeedFilters
from speechrnn.dataset import Dataset

EXACT = {"rtol": 0, "atol": 0}
FILTERS = SpeedFilters((0.8, 1.25), torch.device("cpu"))


def arena_of_clips() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Full-scale noise, so that samples of a neighbour would show."""
    random = np.random.default_rng(0)
    lengths = np.array([700, 1, 333, 64, 2000])
    arena = random.integers(-32767, 32768, lengths.sum(), dtype=np.int16)
    starts = torch.from_numpy(np.cumsum(lengths) - lengths)
    return torch.from_numpy(arena), starts, torch.from_numpy(lengths)


def test_cut_gives_the_samples_between_zeros() -> None:
    arena, starts, lengths = arena_of_clips()
    before, after = torch.tensor([0, 3, 10, 0, 5]), torch.tensor([4, 0, 10, 0, 1])
    wave, wave_lens = cut(arena, starts, lengths, before, after)
    torch.testing.assert_close(wave_lens, before + lengths + after, **EXACT)
    assert wave.shape == (5, 2006)
    for row in range(5):
        first, last = before[row], before[row] + lengths[row]
        clip = arena[starts[row] : starts[row] + lengths[row]]
        torch.testing.assert_close(wave[row, first:last], clip / FULL_SCALE, **EXACT)
        assert not wave[row, :first].any() and not wave[row, last:].any()


def test_cut_without_edges_is_what_the_data_set_gives() -> None:
    arena, starts, lengths = arena_of_clips()
    dataset = Dataset(arena, starts, lengths, torch.zeros(5, dtype=torch.int64), (), ())
    nothing = torch.zeros(5, dtype=torch.int64)
    expected = dataset.waves(torch.arange(5))
    torch.testing.assert_close(cut(arena, starts, lengths, nothing, nothing), expected, **EXACT)


def test_speed_one_gives_the_very_samples() -> None:
    arena, starts, lengths = arena_of_clips()
    before, after = torch.tensor([0, 3, 10, 0, 5]), torch.tensor([4, 0, 10, 0, 1])
    steps = torch.full((5,), BLOCK)
    played = cut_at_speed(arena, starts, lengths, before, after, steps, FILTERS)
    torch.testing.assert_close(played, cut(arena, starts, lengths, before, after), **EXACT)


@pytest.mark.parametrize("speed", [0.8125, 0.953125, 1.0625, 1.25])
def test_speed_moves_pitch_and_length(speed: float) -> None:
    samples, before = 4000, 100
    tone = np.sin(0.3 * np.pi * np.arange(samples))
    arena = torch.from_numpy(np.round(20000 * tone).astype(np.int16))
    one = torch.tensor([1])
    steps = FILTERS.steps(torch.tensor([speed]))
    wave, wave_lens = cut_at_speed(
        arena, 0 * one, samples * one, before * one, 0 * one, steps, FILTERS
    )
    assert wave_lens.item() == int((samples + before - 1) / speed) + 1 == wave.shape[1]
    places = speed * np.arange(wave.shape[1]) - before
    inner = (places > 8) & (places < samples - 8)
    expected = 20000 / FULL_SCALE * np.sin(0.3 * np.pi * places)
    np.testing.assert_allclose(wave[0].numpy()[inner], expected[inner], atol=1e-2)
    assert not wave[0].numpy()[places < -8].any()


def test_speeding_up_does_not_fold_back() -> None:
    """At speed 1.25 a tone at 0.95 of the band has no place left and goes, mostly."""
    tone = np.round(20000 * np.cos(0.95 * np.pi * np.arange(4000))).astype(np.int16)
    one = torch.tensor([1])
    wave, _ = cut_at_speed(
        torch.from_numpy(tone), 0 * one, 4000 * one, 0 * one, 0 * one, one * 80, FILTERS
    )
    assert wave.square().mean().sqrt() < 0.1 * 20000 / FULL_SCALE / np.sqrt(2)


def test_a_clip_is_the_same_alone_and_among_others() -> None:
    """1e-6: products of matrices of different height may sum in another order."""
    arena, starts, lengths = arena_of_clips()
    edges, steps = torch.tensor([0, 3, 10, 0, 5]), torch.tensor([52, 60, 64, 70, 80])
    together, lens = cut_at_speed(arena, starts, lengths, edges, edges, steps, FILTERS)
    for row in range(5):
        one = slice(row, row + 1)
        alone, _ = cut_at_speed(
            arena, starts[one], lengths[one], edges[one], edges[one], steps[one], FILTERS
        )
        assert alone.shape[1] == lens[row]
        torch.testing.assert_close(together[one, : lens[row]], alone, rtol=0, atol=1e-6)
        assert not together[row, lens[row] :].any()


def test_the_last_clips_of_an_arena_may_be_shorter_than_others_of_the_batch() -> None:
    """A row as wide as the longest clip would reach behind the arena's end."""
    arena = torch.arange(1, 131, dtype=torch.int16)
    starts, lengths = torch.tensor([0, 100, 127]), torch.tensor([100, 27, 3])
    wave, _ = cut(arena, starts, lengths, torch.tensor([0, 2, 70]), torch.zeros(3).long())
    levels = (wave * FULL_SCALE).round().int()
    assert levels[0].tolist() == list(range(1, 101))
    assert levels[1].tolist() == [0, 0, *range(101, 128), *[0] * 71]
    assert levels[2].tolist() == [0] * 70 + [128, 129, 130] + [0] * 27
