"""The likeliest symbol of each frame."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from speechrnn.decoding.ctc.hypothesis import LEAST, Hypothesis, Segment, Word, join, word_of
from speechrnn.decoding.ctc.spelling import spelling_of


class GreedyDecoder:
    """Reads the best path: repeats of a symbol are one, blanks part them and go.

    Units are words, or characters where a separator " " is among them. What comes out does not
    depend on how the frames are cut.

    Attributes:
        committed: The words that cannot change any more: all but one under way.
        num_frames: Frames taken so far.
    """

    def __init__(self, symbols: Sequence[str]) -> None:
        """Take the (V,) symbols of the posteriors, the blank first."""
        self._spelling = spelling_of(symbols)
        self._begin()

    def _begin(self) -> None:
        self.committed: list[Word] = []
        self.num_frames = 0
        self._score = 0.0
        self._symbol = 0  # of the latest frame
        self._segments: list[Segment] = []  # since the last committed word

    def accept(self, log_probs: np.ndarray) -> None:
        """Take (T, V) more frames of natural log-posteriors."""
        path = log_probs.argmax(axis=1)
        along = np.maximum(log_probs.max(axis=1), LEAST, dtype=np.float64)
        sums = np.cumsum(np.concatenate([[self._score], along])).tolist()  # up to each frame
        bounds = np.flatnonzero(np.diff(path, prepend=-1, append=-1)).tolist()
        for start, end in itertools.pairwise(bounds):
            unit, end_frame = int(path[start]), self.num_frames + end
            if unit and start == 0 and unit == self._symbol:
                self._segments[-1].end_frame, self._segments[-1].after = end_frame, sums[end]
            elif unit:
                first = self.num_frames + start
                self._segments.append(Segment(unit, first, end_frame, sums[start], sums[end]))
            self._symbol = unit
        self.num_frames += len(path)
        self._score = sums[-1]
        going_on = self._segments[-1:] if self._symbol else []
        words, rest, _ = self._read(self._segments[: len(self._segments) - len(going_on)])
        self.committed += words
        self._segments = rest + going_on

    def best(self) -> Hypothesis:
        """The words so far, one under way included; scored by the best path's log-probability."""
        words, rest, so_far = self._read(self._segments)
        if rest:
            words.append(word_of(so_far, rest))
        return Hypothesis((*self.committed, *words), self._score)

    def finish(self) -> list[Hypothesis]:
        """The words, in a list of one; then everything begins anew at frame 0."""
        found = [self.best()]
        self._begin()
        return found

    def _read(self, segments: Sequence[Segment]) -> tuple[list[Word], list[Segment], str]:
        """Words that ended, the segments after them, and what these spell."""
        state, read = self._spelling.start, []
        for segment in segments:
            word, state = self._spelling.follow(state, segment.unit)[0]
            read.append((segment, word))
        return *join(read, self._spelling.separator), self._spelling.endings(state)[0]
