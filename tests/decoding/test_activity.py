from __future__ import annotations

import numpy as np
import pytest

from speechrnn.decoding.activity import active_frames, levels_db, loudest_part, stretches


def test_level_of_a_sine_is_3_db_below_full_scale() -> None:
    wave = np.sin(2 * np.pi * 500 * np.arange(16000) / 16000).astype(np.float32)
    levels = levels_db(wave, 160)
    assert len(levels) == 100
    # The ends are smoothed with nothing beyond them.
    np.testing.assert_allclose(levels[1:-1], -3.01, atol=0.01)


def test_level_of_less_than_a_frame_is_none() -> None:
    assert len(levels_db(np.ones(159, np.float32), 160)) == 0


@pytest.mark.parametrize(
    ("word_db", "background_db"),
    [(-40, -100), (-40, -60), (-20, -100), (-20, -60), (-20, -35), (-3, -100), (-3, -35)],
)
def test_a_word_stands_out_from_its_background(word_db: float, background_db: float) -> None:
    levels = np.full(1000, background_db) + np.random.default_rng(0).uniform(-1, 1, 1000)
    levels[400:450] = word_db
    assert stretches(active_frames(levels), 15) == [(400, 450)]


def test_digital_silence_and_steady_hum_are_not_active() -> None:
    assert not active_frames(np.full(500, -100.0)).any()
    hum = np.full(500, -30.0) + np.random.default_rng(0).uniform(-1, 1, 500)
    assert not active_frames(hum).any()


def test_a_shorter_pause_does_not_part_stretches() -> None:
    active = np.zeros(200, bool)
    active[20:50] = active[62:70] = active[120:150] = True
    assert stretches(active, 13) == [(20, 70), (120, 150)]
    assert stretches(active, 12) == [(20, 50), (62, 70), (120, 150)]


def test_loudest_part_leaves_a_quieter_neighbour_out() -> None:
    levels = np.full(100, -70.0)
    levels[10:30] = -30
    levels[55:80] = -15
    assert loudest_part(levels, 0, 100, 15) == (55, 80)
    assert loudest_part(levels, 5, 45, 15) == (10, 30)
