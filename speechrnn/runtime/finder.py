"""Words in audio of any length, found block by block in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from speechrnn.runtime.activity import (
    CLOSURE_FRAMES,
    CONTEXT_FRAMES,
    FRAMES_PER_S,
    STEP_FRAMES,
    active_frames,
    levels_db,
    stretches,
)
from speechrnn.runtime.transcript import Segment
from speechrnn.runtime.windows import Find, agreed_words, window_starts
from speechrnn.vocabulary import NON_WORDS

THRESHOLD = 0.5  # posterior from which a word counts: likelier than all else together

_PAGE_FRAMES = 2000  # decided in one go
_LONGEST_FRAMES = 1000  # a stretch longer than this is cut at a quiet place
_SHORTEST_FRAMES = 6  # active frames that a word has at least
_MARGIN_FRAMES = 20  # audio around a stretch that is classified with it

Stretch = tuple[int, int]
Classify = Callable[[Sequence[np.ndarray]], np.ndarray]


class WordFinder:
    """Finds words in a stream of samples.

    The stream is first cut where it falls silent (`speechrnn.runtime.activity`). What is no longer
    than the model's clip is classified whole, with a margin: one word, one decision. Longer
    stretches, such as running speech and noise, go through overlapping windows of the clip's
    length (`speechrnn.runtime.windows`). Words with less than 0.15 s between them may merge;
    telling those apart takes a model that reads sequences.

    What is found does not depend on the blocks that the samples arrive in.

    Attributes:
        num_samples: Samples taken so far.
        doubt: Highest posterior that any word reached without being taken.
    """

    def __init__(
        self, classify: Classify, labels: Sequence[str], sample_rate_hz: int, clip_samples: int
    ) -> None:
        """Start before the first sample.

        Args:
            classify: Gives (N, V) log-probabilities of `labels` for N waves of any length.
            labels: Classes, non-words included.
            sample_rate_hz: Rate of the samples.
            clip_samples: Length of a window.
        """
        self.num_samples = 0
        self.doubt = 0.0
        self._classify = classify
        self._labels = labels
        self._is_word = np.array([label not in NON_WORDS for label in labels])
        self._frame_samples = sample_rate_hz // FRAMES_PER_S
        self._frame_s = self._frame_samples / sample_rate_hz
        self._clip_frames = clip_samples // self._frame_samples
        self._waiting: list[np.ndarray] = []  # samples that no page has seen
        self._wave = np.zeros(0, np.float32)  # samples from frame `_origin` on
        self._origin = 0
        self._done = 0  # frames before this are decided
        self._last_end = 0  # end of the latest stretch

    def accept(self, wave: np.ndarray) -> list[Segment]:
        """Take (S,) more samples; return the words that have become certain."""
        segments = []
        page = _PAGE_FRAMES * self._frame_samples
        while len(wave):
            room = page - self.num_samples % page
            self._waiting.append(wave[:room])
            self.num_samples += len(wave[:room])
            wave = wave[room:]
            if self.num_samples % page == 0:
                segments += self._turn_page(ended=False)
        return segments

    def finish(self) -> list[Segment]:
        """End the stream; return the remaining words."""
        return self._turn_page(ended=True)

    def _turn_page(self, ended: bool) -> list[Segment]:
        """Decide all that lies far enough from the end; frames count from `_origin` on."""
        self._wave = np.concatenate([self._wave, *self._waiting])
        self._waiting = []
        levels = levels_db(self._wave, self._frame_samples)
        active = active_frames(levels)
        active[: self._done] = False
        limit = len(levels) if ended else max(self._done, len(levels) - CONTEXT_FRAMES)
        found = stretches(active)
        closed = [stretch for stretch in found if ended or stretch[1] + CLOSURE_FRAMES <= limit]
        self._done = min([limit, *(first for first, _ in found[len(closed) :])])
        if limit - self._done > _LONGEST_FRAMES:
            quiet = limit - self._clip_frames
            quiet += int(levels[quiet:limit].argmin())
            closed.append((self._done, quiet))
            self._done = quiet
        finds = self._decide(closed, active, levels)
        segments = [self._segment(find) for find in finds]
        self._last_end = max([self._last_end, *(last for _, last in closed)])
        self._forget()
        return segments

    def _decide(self, closed: list[Stretch], active: np.ndarray, levels: np.ndarray) -> list[Find]:
        ends = [self._last_end, *(last for _, last in closed)]
        starts = [*(first for first, _ in closed[1:]), self._done + _MARGIN_FRAMES]
        finds, short, waves = [], [], []
        for stretch, before, after in zip(closed, ends, starts, strict=False):
            first, last = stretch
            if np.count_nonzero(active[first:last]) < _SHORTEST_FRAMES:
                continue
            if last - first > self._clip_frames:
                finds += self._words_in(stretch, levels)
                continue
            margin = min(_MARGIN_FRAMES, max(0, self._clip_frames - (last - first)) // 2)
            short.append(stretch)
            waves.append(self._cut(max(before, first - margin), min(after, last + margin)))
        return sorted(finds + self._single_words(short, waves))

    def _single_words(self, places: list[Stretch], waves: list[np.ndarray]) -> list[Find]:
        finds = []
        for (first, last), probs in zip(places, self._probs(waves), strict=True):
            label = int(probs.argmax())
            if self._is_word[label] and probs[label] >= THRESHOLD:
                finds.append(Find(first, last, label, float(probs[label])))
            else:
                self._note_doubt(probs)
        return finds

    def _words_in(self, stretch: Stretch, levels: np.ndarray) -> list[Find]:
        starts = window_starts(*stretch, self._clip_frames)
        probs = self._probs([self._cut(start, start + self._clip_frames) for start in starts])
        finds = agreed_words(starts, probs, self._is_word, THRESHOLD, levels, self._clip_frames)
        if not finds:
            self._note_doubt(probs)
        return finds

    def _probs(self, waves: list[np.ndarray]) -> np.ndarray:
        return np.exp(self._classify(waves)) if waves else np.zeros((0, len(self._labels)))

    def _note_doubt(self, probs: np.ndarray) -> None:
        self.doubt = max(self.doubt, float(probs[..., self._is_word].max(initial=0.0)))

    def _cut(self, first: int, last: int) -> np.ndarray:
        """The samples of frames [first, last), zeros where the stream has none."""
        wave = np.zeros((last - first) * self._frame_samples, np.float32)
        begin, skip = max(0, first) * self._frame_samples, max(0, -first) * self._frame_samples
        there = self._wave[begin : last * self._frame_samples]
        wave[skip : skip + len(there)] = there
        return wave

    def _segment(self, find: Find) -> Segment:
        start_s = (self._origin + find.first) * self._frame_s
        end_s = (self._origin + find.last) * self._frame_s
        return Segment(self._labels[find.label], start_s, end_s, find.confidence)

    def _forget(self) -> None:
        """Drop what no later decision looks at; the origin stays on the grid of loudness."""
        past = max(0, self._done - CONTEXT_FRAMES - STEP_FRAMES) // STEP_FRAMES * STEP_FRAMES
        self._wave = self._wave[past * self._frame_samples :].copy()
        self._origin += past
        self._done -= past
        self._last_end -= past
