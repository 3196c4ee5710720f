"""How loud it is now, and whether it is too loud."""

from __future__ import annotations

import numpy as np
from rich.segment import Segment
from rich.style import Style

from speechrnn.live.rows import DIM, Row, bar

QUIETEST_DB = -60.0
FULL_SCALE = 0.999  # magnitude from which on a sample is taken for clipped

_FALL_DB_S = 30.0
_HOLD_S = 1.5
_SHOW_CLIPPING_S = 2.0
_DEAD_S = 1.0  # zeros for so long are no pause between sounds

_LOW, _HIGH, _HOT = Style(color="green"), Style(color="yellow"), Style(color="red")
_CLIP = Style(color="white", bgcolor="red", bold=True)


class Meter:
    """A level meter with a peak that is held, and a mark for clipping; times are of the audio.

    Attributes:
        level_db: Root mean square against full scale; falls slowly.
        peak_db: Magnitude of the loudest sample; held, then falls.
        is_clipping: Whether samples were at full scale lately.
        is_dead: Whether nothing but zeros came lately.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        """Start in silence, at a rate of so many samples a second."""
        self.level_db = self.peak_db = QUIETEST_DB
        self._rate_hz = sample_rate_hz
        self._peak_age_s = 0.0
        self._clipped_age_s = _SHOW_CLIPPING_S
        self._zeros_s = 0.0

    @property
    def is_clipping(self) -> bool:
        return self._clipped_age_s < _SHOW_CLIPPING_S

    @property
    def is_dead(self) -> bool:
        return self._zeros_s >= _DEAD_S

    def accept(self, samples: np.ndarray) -> None:
        """Take (S,) more samples."""
        if not len(samples):
            return
        passed_s = len(samples) / self._rate_hz
        peak = float(np.abs(samples).max())
        fallen_db = self.level_db - _FALL_DB_S * passed_s
        self.level_db = max(_db(float(np.sqrt(np.square(samples).mean()))), fallen_db)
        self._peak_age_s += passed_s
        if self._peak_age_s > _HOLD_S:
            self.peak_db = max(self.peak_db - _FALL_DB_S * passed_s, QUIETEST_DB)
        if _db(peak) >= self.peak_db:
            self.peak_db, self._peak_age_s = _db(peak), 0.0
        self._clipped_age_s = 0.0 if peak >= FULL_SCALE else self._clipped_age_s + passed_s
        self._zeros_s = 0.0 if peak else self._zeros_s + passed_s

    def row(self, width: int) -> Row:
        """The meter in `width` cells."""
        if self.is_clipping:
            said = Segment(" CLIP  ", _CLIP)
        elif self.is_dead:
            said = Segment(" zeros ", _HOT)
        else:
            said = Segment(f"{self.level_db:4.0f} dB", DIM)
        zones = [(_share(-12.0), _LOW), (_share(-3.0), _HIGH), (1.0, _HOT)]
        room = max(width - 16, 1)
        peak = _share(self.peak_db) if self.peak_db > QUIETEST_DB else None
        level = bar(_share(self.level_db), room, zones, mark=peak)
        return [Segment(" level ", DIM), *level, Segment("  "), said]


def _db(magnitude: float) -> float:
    return max(20 * np.log10(magnitude + 1e-10), QUIETEST_DB)


def _share(level_db: float) -> float:
    return 1 - level_db / QUIETEST_DB
