"""Where the sound around a moment began and ended, as far as it has been heard."""

from __future__ import annotations

import math

import numpy as np

from speechrnn.decoding.activity import (
    CONTEXT_FRAMES,
    FRAMES_PER_S,
    SILENCE_DB,
    levels_db,
    stretches,
    threshold_db,
)

_PAUSE_FRAMES = 15  # a closure inside a word, as before the t of "right", is shorter


class Endpointer:
    """Finds where the latest sounds of a stream begin and end.

    Sound is what is louder than most of the last three seconds (`speechrnn.decoding.activity`);
    nothing older is kept.

    Attributes:
        num_samples: Samples taken so far.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        """Start before the first sample, at a rate of so many samples a second."""
        self.num_samples = 0
        self._frame_samples = sample_rate_hz // FRAMES_PER_S
        self._buffer = np.zeros(2 * CONTEXT_FRAMES * self._frame_samples, np.float32)
        self._filled = 0  # samples in the buffer; its first one begins a frame

    @property
    def level_db(self) -> float:
        """Level of the latest 10 ms against full scale."""
        latest = self._buffer[max(0, self._filled - self._frame_samples) : self._filled]
        power = float(np.dot(latest, latest)) / max(1, len(latest))
        return 10 * math.log10(power + 10 ** (SILENCE_DB / 10))

    def accept(self, wave: np.ndarray) -> None:
        """Take (S,) more float32 samples."""
        self.num_samples += len(wave)
        if self._filled + len(wave) > len(self._buffer):
            wave = np.concatenate([self._buffer[: self._filled], wave])
            past = max(0, len(wave) // self._frame_samples - CONTEXT_FRAMES)
            wave = wave[past * self._frame_samples :]
            self._filled = 0
        self._buffer[self._filled : self._filled + len(wave)] = wave
        self._filled += len(wave)

    def sound_at(self, moment: int, longest: int) -> tuple[int, int] | None:
        """The sound that a word decided for at a moment lies in.

        Args:
            moment: A sample, not necessarily heard yet.
            longest: No word has more samples.

        Returns:
            Its first sample and one past the last one heard of it: of the sounds that begin before
            the moment the latest, of the others the first. None where nothing stands out.
        """
        latest = max(0, self._filled // self._frame_samples - CONTEXT_FRAMES)
        wave = self._buffer[latest * self._frame_samples : self._filled]
        levels = levels_db(wave, self._frame_samples)
        if not len(levels):
            return None
        origin = self.num_samples // self._frame_samples - len(levels)
        sounds = [
            ((origin + first) * self._frame_samples, (origin + last) * self._frame_samples)
            for first, last in stretches(levels > threshold_db(levels), _PAUSE_FRAMES)
            if (origin + last) * self._frame_samples > moment - longest
        ]
        before = [sound for sound in sounds if sound[0] < moment]
        return before[-1] if before else sounds[0] if sounds else None
