from __future__ import annotations

import numpy as np
import pytest

from speechrnn.live.meter import Meter
from speechrnn.live.spectrogram import COLUMN_S, Spectrogram

RATE_HZ = 16000


def said(meter: Meter, width: int = 60) -> str:
    return "".join(segment.text for segment in meter.row(width))


def test_the_level_of_a_tone_is_that_of_its_root_mean_square(tone) -> None:
    meter = Meter(RATE_HZ)
    meter.accept(tone(440, 0.5, gain=0.1))
    assert meter.level_db == pytest.approx(-23.0, abs=0.1)
    assert meter.peak_db == pytest.approx(-20.0, abs=0.1)
    assert "-23 dB" in said(meter) and not meter.is_clipping


def test_the_level_falls_slowly_and_the_peak_stays(tone, silence) -> None:
    meter = Meter(RATE_HZ)
    meter.accept(tone(440, 0.5, gain=0.1))
    for _ in range(20):
        meter.accept(silence(0.02))
    assert meter.level_db == pytest.approx(-35.0, abs=0.2)  # 30 dB a second
    assert meter.peak_db == pytest.approx(-20.0, abs=0.1)
    for _ in range(150):
        meter.accept(silence(0.02))
    assert meter.peak_db < -40


def test_clipping_is_shown_for_a_while(tone, silence) -> None:
    meter = Meter(RATE_HZ)
    meter.accept(tone(440, 0.1, gain=2.0).clip(-1, 1))
    meter.accept(silence(1.0))
    assert meter.is_clipping and "CLIP" in said(meter)
    meter.accept(silence(1.5))
    assert not meter.is_clipping and "CLIP" not in said(meter)


def test_nothing_but_zeros_is_shown(silence) -> None:
    meter = Meter(RATE_HZ)
    meter.accept(np.zeros(2 * RATE_HZ, np.float32))
    assert meter.is_dead and "zeros" in said(meter)
    meter.accept(silence(0.02))
    assert not meter.is_dead and "zeros" not in said(meter)


def brightness(picture: Spectrogram, width: int, height: int) -> np.ndarray:
    """(height, width) shades of the picture without colours, 0 to 4."""
    rows = picture.rows(width, height, coloured=False)
    shades = [["".join(s.text for s in row)] for row in rows]
    return np.array([[" ░▒▓█".index(c) for c in line] for [line] in shades])


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100, 48000])
def test_a_higher_tone_stands_higher_and_time_runs_to_the_right(tone, rate_hz: int) -> None:
    picture = Spectrogram(rate_hz)
    for begin, hz in enumerate((300, 1000, 3000)):
        wave = tone(hz, 10 * COLUMN_S, rate_hz=rate_hz)
        for part in np.array_split(wave, 7 + begin):
            picture.accept(part)
    shades = brightness(picture, 40, 12)
    assert not shades[:, :10].any()  # before the start
    low, mid, high = (shades[:, at].argmax() for at in (15, 25, 35))
    assert low > mid > high


def test_lost_audio_is_a_gap(tone) -> None:
    picture = Spectrogram(RATE_HZ)
    picture.accept(tone(1000, 10 * COLUMN_S))
    picture.skip(5 * COLUMN_S)
    picture.accept(tone(1000, 10 * COLUMN_S))
    heard = brightness(picture, 25, 6).max(axis=0) > 0
    assert heard.tolist() == [True] * 10 + [False] * 5 + [True] * 10
    picture.skip(1e9)
    assert not brightness(picture, 25, 6).any()


def test_colours_fill_every_cell(tone, silence) -> None:
    picture = Spectrogram(RATE_HZ)
    picture.accept(np.concatenate([silence(1.0), tone(1000, 1.0)]))
    rows = picture.rows(30, 5, coloured=True)
    assert ["".join(s.text for s in row) for row in rows] == ["▀" * 30] * 5
    colours = {s.style.color.name for row in rows for s in row}
    assert {"color(16)", "color(231)"} <= colours  # from the darkest to the brightest
