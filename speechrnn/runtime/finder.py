"""Words in audio of any length, found block by block in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from speechrnn.decoding.activity import (
    CONTEXT_FRAMES,
    FRAMES_PER_S,
    STEP_FRAMES,
    active_frames,
    levels_db,
    stretches,
)
from speechrnn.runtime.decision import Classify, Decision, Page
from speechrnn.runtime.transcript import Segment
from speechrnn.runtime.windows import Find
from speechrnn.vocabulary import NON_WORDS

_PAGE_FRAMES = 2000  # decided in one go
_LONGEST_FRAMES = 1000  # a stretch longer than this is cut at a quiet place
_WORD_PAUSE_FRAMES = 15  # a closure inside a word, as before the t of "right", is shorter
_PHRASE_PAUSE_FRAMES = 30  # so are the pauses between the words of one label


class WordFinder:
    """Finds words in a stream of samples.

    What is louder than its surroundings (`speechrnn.decoding.activity`) is cut into bursts.
    Neighbouring bursts are put together such that the model is surest about what it hears
    (`speechrnn.runtime.cuts`). A sound that goes on for longer than the model's clip, such as
    running speech and noise, goes through overlapping windows (`speechrnn.runtime.windows`). Words
    spoken without a pause may merge; telling those apart takes a model that reads sequences.

    What is found does not depend on the blocks that the samples arrive in.

    Attributes:
        num_samples: Samples taken so far.
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
        self._labels = labels
        self._frame_samples = sample_rate_hz // FRAMES_PER_S
        self._frame_s = self._frame_samples / sample_rate_hz
        self._clip_frames = clip_samples // self._frame_samples
        has_phrases = any(" " in label for label in labels)
        self._pause_frames = _PHRASE_PAUSE_FRAMES if has_phrases else _WORD_PAUSE_FRAMES
        is_word = np.array([label not in NON_WORDS for label in labels])
        self._decision = Decision(classify, is_word, self._clip_frames)
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

    @property
    def doubt(self) -> float:
        """Highest posterior that any word reached so far without being believed."""
        return self._decision.doubt

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
        found = stretches(active, self._pause_frames)
        closed = [stretch for stretch in found if ended or stretch[1] + self._pause_frames <= limit]
        self._done = min([limit, *(first for first, _ in found[len(closed) :])])
        if limit - self._done > _LONGEST_FRAMES:
            quiet = limit - self._clip_frames
            quiet += int(levels[quiet:limit].argmin())
            closed.append((self._done, quiet))
            self._done = quiet
        page = Page(self._wave, levels, active, self._frame_samples)
        heard_from = self._last_end
        heard_to = len(levels) if ended else self._done
        finds = self._decision.words(page, closed, (heard_from, heard_to))
        segments = [self._segment(find) for find in finds]
        self._last_end = max([self._last_end, *(last for _, last in closed)])
        self._forget()
        return segments

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
        self._last_end = max(0, self._last_end - past)
