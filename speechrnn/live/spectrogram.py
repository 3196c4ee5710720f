"""The last seconds as a picture: time to the right, frequency upward."""

from __future__ import annotations

from collections import deque
from itertools import groupby, pairwise

import numpy as np
from rich.segment import Segment
from rich.style import Style

from speechrnn.live.rows import Row

COLUMN_S = 0.04
_MOST_COLUMNS = 500
_BANDS = 48
_LOWEST_HZ, _HIGHEST_HZ = 100.0, 8000.0
_SILENCE_DB = -100.0
_TILT = 0.7  # weight f ** tilt: speech has far less power in its high frequencies
_DEPTH_DB = 50.0  # shown below the loudest part
_LEAST_TOP_DB = -65.0  # the noise of a silent room does not glow

# From black over violet and orange to white, in the 256 colours of every terminal.
_COLOURS = (16, 17, 18, 54, 90, 126, 162, 198, 203, 209, 215, 221, 228, 231)
_SHADES = " ░▒▓█"  # for terminals without colour


class Spectrogram:
    """Keeps a column of levels for each `COLUMN_S` of audio, and draws the latest ones."""

    def __init__(self, sample_rate_hz: int) -> None:
        """Start empty, at a rate of so many samples a second."""
        self._column_samples = round(COLUMN_S * sample_rate_hz)
        self._window = np.hanning(self._column_samples).astype(np.float32)
        frequencies = np.fft.rfftfreq(self._column_samples, 1 / sample_rate_hz)
        highest = min(_HIGHEST_HZ, sample_rate_hz / 2)
        edges = np.geomspace(_LOWEST_HZ + 300, highest + 300, _BANDS + 1) - 300
        self._edges = np.searchsorted(frequencies, edges[:-1])
        self._weights = (frequencies / 1000) ** (2 * _TILT) / (self._window.sum() / 2) ** 2
        self._columns: deque[np.ndarray] = deque(maxlen=_MOST_COLUMNS)
        self._rest = np.zeros(0, np.float32)

    def accept(self, samples: np.ndarray) -> None:
        """Take (S,) more samples."""
        wave = np.concatenate([self._rest, samples])
        whole = len(wave) - len(wave) % self._column_samples
        for column in wave[:whole].reshape(-1, self._column_samples):
            power = np.abs(np.fft.rfft(column * self._window)) ** 2 * self._weights
            bands = np.maximum.reduceat(power, self._edges)
            self._columns.append(10 * np.log10(bands + 10 ** (_SILENCE_DB / 10)))
        self._rest = wave[whole:]

    def skip(self, seconds: float) -> None:
        """Leave a gap for audio that was lost."""
        gap = min(round(seconds / COLUMN_S), _MOST_COLUMNS)
        self._columns.extend([np.full(_BANDS, _SILENCE_DB)] * gap)

    def rows(self, width: int, height: int, coloured: bool) -> list[Row]:
        """The last `width` columns in `height` rows of cells, each cell two pixels high."""
        levels = np.full((width, _BANDS), _SILENCE_DB)
        shown = list(self._columns)[-width:]
        if shown:
            levels[-len(shown) :] = shown
        top = max(float(levels.max()), _LEAST_TOP_DB)
        floor = max(float(np.median(levels)) - 3, top - _DEPTH_DB)
        bright = ((levels - floor) / max(top - floor, 1.0)).clip(0, 1)
        places = np.linspace(_BANDS, 0, 2 * height + 1).astype(int)
        pixels = np.stack(
            [bright[:, low : max(high, low + 1)].max(axis=1) for high, low in pairwise(places)]
        )
        draw = _coloured if coloured else _shaded
        return [draw(pixels[row], pixels[row + 1]) for row in range(0, 2 * height, 2)]


def _coloured(upper: np.ndarray, lower: np.ndarray) -> Row:
    indices = (np.stack([upper, lower]) * (len(_COLOURS) - 1)).round().astype(int)
    pairs = groupby(zip(*indices.tolist(), strict=True))
    return [Segment("▀" * len(list(run)), _STYLES[pair]) for pair, run in pairs]


def _shaded(upper: np.ndarray, lower: np.ndarray) -> Row:
    indices = ((upper + lower) / 2 * (len(_SHADES) - 1)).round().astype(int)
    return [Segment("".join(_SHADES[index] for index in indices))]


_STYLES = {
    (upper, lower): Style(color=f"color({above})", bgcolor=f"color({below})")
    for upper, above in enumerate(_COLOURS)
    for lower, below in enumerate(_COLOURS)
}
