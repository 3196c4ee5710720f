"""From a track of posteriors to words that fire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from speechrnn.decoding.operating_point import OperatingPoint

_REPEAT_CLIPS = 2


class Firing(NamedTuple):
    """A word, the frame at which it fired, and its smoothed posterior there."""

    word: int
    frame: int
    confidence: float


class KeywordDetector:
    """Fires when a word's smoothed posterior reaches its threshold, at once.

    The posterior of each word is averaged over the last frames, those before the first one counting
    as zero. Of all words the one that is highest in relation to its threshold may fire, and does so
    at the first frame at which it is at its threshold or above, unless

    - anything fired within the refractory time: a word that gets above its threshold meanwhile
      and still is at the end of that time fires then;
    - it was above its threshold already when a word last fired, itself or another, and has not been
      below since: one utterance gives one event, even if two words are likely, and a drawn-out
      word, or one that long stays in the window of a pooling head, does not fire again. "Go, go,
      go" is as many events as there are dips below the threshold. A posterior that never dips
      fires again after two clip lengths: what it rose for cannot be in the window any longer, and
      whoever repeats a command until it is obeyed has to be heard.

    What fires does not depend on how the track is cut into pieces.

    Attributes:
        posteriors: (W,) the latest smoothed posteriors.
        next_frame: The frame that is expected next.
    """

    def __init__(
        self, point: OperatingPoint, words: Sequence[str], frame_ms: float, clip_ms: float
    ) -> None:
        """Start before the first frame.

        Args:
            point: Smoothing, refractory time and thresholds.
            words: The W words, in the order of the track's columns.
            frame_ms: Time between frames.
            clip_ms: Length of the window of a pooling head.
        """
        self.posteriors = np.zeros(len(words), np.float32)
        self.next_frame = 0
        self._thresholds = np.array([point.thresholds[word] for word in words], np.float32)
        self._smoothing = max(1, round(point.smoothing_ms / frame_ms))
        self._refractory = round(point.refractory_ms / frame_ms)
        self._repeat = round(_REPEAT_CLIPS * clip_ms / frame_ms)
        self._history = np.zeros((self._smoothing - 1, len(words)), np.float32)
        self._armed = np.ones(len(words), bool)
        self._above_at = -1  # the latest frame at which any word was above its threshold
        self._fired_at = -self._refractory

    def accept(self, first_frame: int, probs: np.ndarray) -> list[Firing]:
        """Take the next frames.

        Args:
            first_frame: Number of the first; beyond `next_frame` where frames were lost, which
                count as zero.
            probs: (T, W) posteriors of the words, non-words left out.

        Raises:
            ValueError: The frames were there before.
        """
        if first_frame < self.next_frame:
            raise ValueError(f"frame {first_frame} after frame {self.next_frame - 1}")
        if first_frame > self.next_frame:
            self._history[:] = 0
        self.next_frame = first_frame + len(probs)
        smooth = self.smooth(probs)
        above = smooth >= self._thresholds
        firings = []
        for i in np.flatnonzero(above.any(axis=1)).tolist():
            frame = first_frame + i
            if frame - 1 != self._above_at or frame == self._fired_at + self._repeat:
                self._armed[:] = True
            else:
                self._armed |= ~above[i]
            self._above_at = frame
            if frame < self._fired_at + self._refractory:
                continue
            word = int((smooth[i] / self._thresholds).argmax())
            if self._armed[word]:
                self._armed = ~above[i]
                self._fired_at = frame
                firings.append(Firing(word, frame, float(smooth[i, word])))
        return firings

    def smooth(self, probs: np.ndarray) -> np.ndarray:
        """The moving averages of the next (T, W) posteriors, (T, W), which it takes.

        Each is summed in the same order, however the track is cut.
        """
        joined = np.concatenate([self._history, probs.astype(np.float32)])
        total = np.zeros(probs.shape, np.float32)
        for back in range(self._smoothing):
            total += joined[back : back + len(probs)]
        total /= self._smoothing
        self._history = joined[len(probs) :].copy()  # a view would keep all of it in memory
        if len(total):
            self.posteriors = total[-1].copy()
        return total
