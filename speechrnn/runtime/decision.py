"""From stretches of sound to words: what is cut out, classified and believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from speechrnn.decoding.activity import stretches
from speechrnn.runtime.cuts import possible_spans, surest_cut
from speechrnn.runtime.windows import Find, agreed_words, window_starts

THRESHOLD = 0.5  # posterior from which a word counts: likelier than all else together

_BURST_PAUSE_FRAMES = 6  # a pause of so many frames parts two bursts, which may be one word
_MARGIN_FRAMES = 10  # audio around a word that is classified with it
_SHORTEST_FRAMES = 8  # a word is no click

Stretch = tuple[int, int]
Classify = Callable[[Sequence[np.ndarray]], np.ndarray]


@dataclass(frozen=True)
class Page:
    """A piece of a recording; everything in it counts frames from its start.

    Attributes:
        wave: (S,) samples.
        levels: (T,) levels in dB.
        active: (T,) which frames stand out.
        frame_samples: Samples of a frame.
    """

    wave: np.ndarray
    levels: np.ndarray
    active: np.ndarray
    frame_samples: int

    def cut(self, first: int, last: int) -> np.ndarray:
        """The samples of the frames [first, last), zeros where the page has none."""
        wave = np.zeros((last - first) * self.frame_samples, np.float32)
        begin, skip = max(0, first) * self.frame_samples, max(0, -first) * self.frame_samples
        there = self.wave[begin : last * self.frame_samples]
        wave[skip : skip + len(there)] = there
        return wave


class Decision:
    """Decides which words stretches of sound hold.

    Attributes:
        doubt: Highest posterior that any word reached without being believed.
    """

    def __init__(self, classify: Classify, is_word: np.ndarray, clip_frames: int) -> None:
        """Set up.

        Args:
            classify: Gives (N, V) log-probabilities for N waves of any length.
            is_word: (V,) false for labels that are never reported.
            clip_frames: Longest word that is classified whole.
        """
        self.doubt = 0.0
        self._classify = classify
        self._is_word = is_word
        self._clip_frames = clip_frames

    def words(self, page: Page, groups: Sequence[Stretch], free: Stretch) -> list[Find]:
        """The words in stretches of sound, in order of time.

        Args:
            page: The piece of the recording.
            groups: Stretches with a pause around each that no word has inside.
            free: Nothing outside these frames may be heard with the first and the last group.
        """
        finds: list[Find] = []
        bursts_of = [self._bursts(page, group) for group in groups]
        bounds = [(free[0], free[0]), *groups, (free[1], free[1])]
        spans_of, waves = [], []
        for bursts, before, after in zip(bursts_of, bounds, bounds[2:], strict=False):
            around = [before, *bursts, after]
            spans = possible_spans(bursts, self._clip_frames)
            spans_of.append(spans)
            for span in spans:
                first, last = bursts[span.first][0], bursts[span.last - 1][1]
                margin = max(0, min(_MARGIN_FRAMES, (self._clip_frames - last + first) // 2))
                first = max(first - margin, around[span.first][1])
                last = min(last + margin, around[span.last + 1][0])
                waves.append(page.cut(first, min(last, first + self._clip_frames)))
        rows = iter(self._probs(waves))
        for bursts, spans in zip(bursts_of, spans_of, strict=True):
            probs = [next(rows) for _ in spans]
            for index in surest_cut(bursts, spans, [float(row.max()) for row in probs]):
                span = spans[index]
                place = bursts[span.first][0], bursts[span.last - 1][1]
                if place[1] - place[0] > self._clip_frames:
                    finds += self._in_windows(page, place)
                else:
                    finds += self._believed(place, probs[index])
        return sorted(finds)

    @staticmethod
    def _bursts(page: Page, group: Stretch) -> list[Stretch]:
        first, last = group
        inside = stretches(page.active[first:last], _BURST_PAUSE_FRAMES)
        return [(first + begin, first + end) for begin, end in inside]

    def _believed(self, place: Stretch, probs: np.ndarray) -> list[Find]:
        label = int(probs.argmax())
        long_enough = place[1] - place[0] >= _SHORTEST_FRAMES
        if long_enough and self._is_word[label] and probs[label] >= THRESHOLD:
            return [Find(*place, label, float(probs[label]))]
        self._note_doubt(probs)
        return []

    def _in_windows(self, page: Page, place: Stretch) -> list[Find]:
        starts = window_starts(*place, self._clip_frames)
        probs = self._probs([page.cut(start, start + self._clip_frames) for start in starts])
        finds = agreed_words(
            starts, probs, self._is_word, THRESHOLD, page.levels, self._clip_frames
        )
        if not finds:
            self._note_doubt(probs)
        return finds

    def _probs(self, waves: list[np.ndarray]) -> np.ndarray:
        return np.exp(self._classify(waves)) if waves else np.zeros((0, len(self._is_word)))

    def _note_doubt(self, probs: np.ndarray) -> None:
        self.doubt = max(self.doubt, float(probs[..., self._is_word].max(initial=0.0)))
