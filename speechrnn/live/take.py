"""One spoken word out of live audio: where it begins and ends, and whether it is any good."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from speechrnn.live.meter import FULL_SCALE

_FRAMES_PER_S = 100
_BACKGROUND_FRAMES = 300
_BACKGROUND_PERCENTILE = 20
_SETTLING_FRAMES = 20  # after a prompt: the key that was pressed, and a first idea of the noise
_RISE_DB = 10.0  # speech stands so far above the background
_HYSTERESIS_DB = 4.0
_QUIETEST_DB = -55.0  # below this nobody speaks
_ONSET = (4, 6)  # so many loud frames of so many begin a word
_PAUSE_FRAMES = 60  # silence that ends a word; a pause inside a phrase is shorter
_LONGEST_FRAMES = 400
_PATIENCE_FRAMES = 1000
_DEPTH_DB = 40.0  # what is so far below the loudest part is breath or room
_MARGIN_FRAMES = 15  # kept around the word: its first and last sounds are weak

_SHORTEST_FRAMES = 12
_LOUD_ENOUGH_DB = -40.0
_CLEAR_DB = 15.0  # above the background
_CLIPPED_SAMPLES = 3

NOTHING_HEARD = "nothing was heard"
_UNHEARD = f"{NOTHING_HEARD}; speak up, or choose another microphone with --device"


@dataclass(frozen=True)
class Take:
    """A word that was cut out.

    Attributes:
        wave: (S,) samples, silence trimmed but for a margin.
        fault: Why it is no good, with a remedy; empty where it is.
        level_db: Its loudest 10 ms against full scale.
    """

    wave: np.ndarray
    fault: str
    level_db: float


class TakeRecorder:
    """Cuts a word out by its energy, as soon as the silence after it is long enough.

    The background is what most of the last three seconds are like, over all takes.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        """Begin the first take, at a rate of so many samples a second."""
        self._frame_samples = sample_rate_hz // _FRAMES_PER_S
        self._background: deque[float] = deque(maxlen=_BACKGROUND_FRAMES)
        self._rest = np.zeros(0, np.float32)
        self.begin()

    def begin(self) -> None:
        """Begin a take anew."""
        self._frames: list[np.ndarray] = []
        self._levels: list[float] = []
        self._threshold_db: float | None = None  # none until the word begins
        self._first = self._last = 0  # frames of the word

    @property
    def is_speech(self) -> bool:
        """Whether the word has begun."""
        return self._threshold_db is not None

    def accept(self, samples: np.ndarray) -> Take | None:
        """Take (S,) more samples; returns the take once it has ended, and begins the next."""
        wave = np.concatenate([self._rest, samples])
        whole = len(wave) - len(wave) % self._frame_samples
        self._rest = wave[whole:]
        take = None
        for frame in wave[:whole].reshape(-1, self._frame_samples):
            take = self._accept_frame(frame) or take
        return take

    def _accept_frame(self, frame: np.ndarray) -> Take | None:
        level = float(10 * np.log10(np.square(frame, dtype=np.float64).mean() + 1e-10))
        self._background.append(level)
        self._frames.append(frame)
        self._levels.append(level)
        count = len(self._frames)
        if self._threshold_db is None:
            self._look_for_onset()
            return self._end() if not self.is_speech and count >= _PATIENCE_FRAMES else None
        if level > self._threshold_db:
            self._last = count
        if count - self._last >= _PAUSE_FRAMES or count - self._first >= _LONGEST_FRAMES:
            return self._end()
        return None

    def _look_for_onset(self) -> None:
        recent = self._levels[_SETTLING_FRAMES:][-_ONSET[1] :]
        threshold = max(self._background_db() + _RISE_DB, _QUIETEST_DB)
        if sum(level > threshold for level in recent) < _ONSET[0]:
            return
        self._threshold_db = threshold - _HYSTERESIS_DB
        self._last = len(self._levels)
        self._first = self._last - 1
        while self._first > 0 and self._levels[self._first - 1] > self._threshold_db:
            self._first -= 1

    def _background_db(self) -> float:
        return float(np.percentile(self._background, _BACKGROUND_PERCENTILE))

    def _end(self) -> Take:
        take = self._cut() if self.is_speech else Take(np.zeros(0, np.float32), _UNHEARD, 0.0)
        self.begin()
        return take

    def _cut(self) -> Take:
        levels = np.array(self._levels[self._first : self._last])
        loudest = float(levels.max())
        inside = np.flatnonzero(levels > loudest - _DEPTH_DB)
        first, last = self._first + inside[0], self._first + inside[-1] + 1
        wave = np.concatenate(self._frames[max(first - _MARGIN_FRAMES, 0) : last + _MARGIN_FRAMES])
        return Take(wave, self._fault(wave, last - first, loudest), loudest)

    def _fault(self, wave: np.ndarray, num_frames: int, loudest_db: float) -> str:
        if (np.abs(wave) >= FULL_SCALE).sum() >= _CLIPPED_SAMPLES:
            return "clipped; speak more softly, or turn the microphone down"
        if len(self._levels) - self._last < _PAUSE_FRAMES:
            return "its end was not heard; is there noise?"
        if num_frames < _SHORTEST_FRAMES:
            return f"too short ({num_frames / _FRAMES_PER_S:g} s); was that a click?"
        if loudest_db < _LOUD_ENOUGH_DB:
            return f"too quiet ({loudest_db:.0f} dB); speak up, or come closer"
        if loudest_db < self._background_db() + _CLEAR_DB:
            return "hardly above the noise; speak up, or find a quieter room"
        return ""
