from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.decoding.endpoint import Endpointer

RATE_HZ = 8000


def sound(*parts: tuple[float, float]) -> np.ndarray:
    """(S,) noise: (seconds, level in dB) each."""
    random = np.random.default_rng(0)
    waves = [
        10 ** (level_db / 20) * random.standard_normal(round(seconds * RATE_HZ))
        for seconds, level_db in parts
    ]
    return np.concatenate(waves).astype(np.float32)


def sound_s(wave: np.ndarray, moment_s: float, longest_s: float = 1.0) -> tuple | None:
    endpointer = Endpointer(RATE_HZ)
    endpointer.accept(wave)
    found = endpointer.sound_at(round(moment_s * RATE_HZ), round(longest_s * RATE_HZ))
    return found and tuple(place / RATE_HZ for place in found)


def test_a_word_between_pauses() -> None:
    wave = sound((1.0, -60), (0.4, -25), (0.5, -60))
    for moment_s in (1.1, 1.4, 1.8):
        assert sound_s(wave, moment_s) == pytest.approx((1.0, 1.4), abs=0.02)


def test_a_closure_is_no_end_but_a_pause_is() -> None:
    closed = sound((1.0, -60), (0.2, -25), (0.1, -60), (0.1, -25), (0.3, -60))
    assert sound_s(closed, 1.5) == pytest.approx((1.0, 1.4), abs=0.02)
    parted = sound((1.0, -60), (0.2, -25), (0.2, -60), (0.1, -25), (0.3, -60))
    assert sound_s(parted, 1.5) == pytest.approx((1.4, 1.5), abs=0.02)
    assert sound_s(parted, 1.39) == pytest.approx((1.0, 1.2), abs=0.02)


def test_a_sound_that_goes_on_ends_now() -> None:
    assert sound_s(sound((1.0, -60), (0.25, -25)), 1.25) == pytest.approx((1.0, 1.25), abs=0.02)


def test_a_sound_ahead_is_taken_where_none_is_near() -> None:
    wave = sound((0.2, -25), (1.5, -60), (0.3, -25), (0.2, -60))
    assert sound_s(wave, 1.6) == pytest.approx((1.7, 2.0), abs=0.02)


@pytest.mark.parametrize("wave", [np.zeros(RATE_HZ), np.zeros(0), sound((3.0, -30))])
def test_where_nothing_stands_out_there_is_no_sound(wave: np.ndarray) -> None:
    assert sound_s(wave.astype(np.float32), 0.9) is None


def test_what_is_older_than_three_seconds_is_forgotten() -> None:
    word_and_pause = ((0.2, -60), (0.3, -25))
    assert sound_s(sound(*word_and_pause, (2.4, -60)), 0.4) is not None
    assert sound_s(sound(*word_and_pause, (3.1, -60)), 0.4) is None


def test_times_count_from_the_start_hours_later() -> None:
    endpointer = Endpointer(RATE_HZ)
    quiet, word = sound((10.0, -60)), sound((0.5, -20), (0.2, -60))
    for _ in range(360):
        endpointer.accept(quiet)
    endpointer.accept(word)
    assert endpointer.num_samples == 3600 * RATE_HZ + len(word)
    found = endpointer.sound_at(endpointer.num_samples, RATE_HZ)
    assert found is not None
    assert found[0] == pytest.approx(3600 * RATE_HZ, abs=0.02 * RATE_HZ)
    assert found[1] == pytest.approx(3600.5 * RATE_HZ, abs=0.02 * RATE_HZ)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 60000), max_size=12), st.integers(0, 70000))
def test_blocks_do_not_matter(cuts: list[int], moment: int) -> None:
    wave = sound((2.0, -60), (0.3, -30), (1.0, -65), (0.4, -20), (0.6, -45), (3.21, -62))
    whole, parts = Endpointer(RATE_HZ), Endpointer(RATE_HZ)
    whole.accept(wave)
    for part in np.split(wave, sorted(min(cut, len(wave)) for cut in cuts)):
        parts.accept(part)
    assert parts.sound_at(moment, 3 * RATE_HZ) == whole.sound_at(moment, 3 * RATE_HZ)
    assert parts.level_db == pytest.approx(whole.level_db)


def test_level_of_the_latest_10_ms() -> None:
    endpointer = Endpointer(RATE_HZ)
    assert endpointer.level_db == -100
    endpointer.accept(np.full(40, 0.1, np.float32))
    assert endpointer.level_db == pytest.approx(-20, abs=0.01)
    endpointer.accept(np.full(80, 1.0, np.float32))
    assert endpointer.level_db == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("block", [1, 37, 500_000])
def test_memory_does_not_grow(block: int) -> None:
    endpointer = Endpointer(RATE_HZ)
    sizes = set()
    for _ in range(3):
        for start in range(0, 60_000, block):
            endpointer.accept(np.zeros(min(block, 60_000 - start), np.float32))
        sizes.add(sum(v.nbytes for v in vars(endpointer).values() if isinstance(v, np.ndarray)))
    assert len(sizes) == 1
