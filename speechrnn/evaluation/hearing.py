"""What a model makes of a long stream, kept so that any thresholds can be tried on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from speechrnn.decoding.detector import KeywordDetector
from speechrnn.decoding.operating_point import OperatingPoint
from speechrnn.runtime.model_file import ModelInfo
from speechrnn.runtime.posteriors import PosteriorStream, window_frames, word_track
from speechrnn.runtime.recognizer import Recognizer


@dataclass(frozen=True)
class Heard:
    """A word that fired.

    Attributes:
        word: The word.
        confidence: Its smoothed posterior.
        time_s: Time in the stream of the frame at which it fired.
        emitted_s: How much of the stream had to be heard for that.
    """

    word: str
    confidence: float
    time_s: float
    emitted_s: float


@dataclass(frozen=True)
class Hearing:
    """A stream as a model heard it, in windows of a chunk and its look-ahead.

    Attributes:
        info: What the model file says about itself.
        chunk_frames: Frames of a chunk.
        look_ahead_frames: Frames that a window sees beyond.
        num_samples: Length of the stream at the model's rate.
        tracks: For each source of posteriors (`speechrnn.runtime.posteriors.word_track`) those of
            `info.words`, (T, W) float32.
        clips: (K, V) float32 log-probabilities of `info.labels`, pooled, after each window.
    """

    info: ModelInfo
    chunk_frames: int
    look_ahead_frames: int
    num_samples: int
    tracks: dict[str, np.ndarray]
    clips: np.ndarray

    @property
    def times_s(self) -> np.ndarray:
        """(T,) the middle of each frame."""
        num_frames = len(next(iter(self.tracks.values())))
        return (np.arange(num_frames) + 0.5) * self.info.hop_ms / 1000

    @property
    def emitted_s(self) -> np.ndarray:
        """(T,) how much of the stream was heard when the posteriors of each frame came out."""
        return self.window_ends_s.repeat(self.chunk_frames)[: len(self.times_s)]

    @property
    def window_ends_s(self) -> np.ndarray:
        """(K,) how much of the stream was heard after each window."""
        grid = self.info.grid
        last = (np.arange(len(self.clips)) + 1) * self.chunk_frames + self.look_ahead_frames
        samples = np.minimum(last * grid.hop_samples + grid.right_samples, self.num_samples)
        return np.asarray(samples / self.info.sample_rate_hz)

    def words(self, point: OperatingPoint) -> list[Heard]:
        """What fires at an operating point, in order of time."""
        info = self.info
        times_s, emitted_s = self.times_s, self.emitted_s
        detector = KeywordDetector(point, info.words, info.hop_ms, info.clip_ms)
        return [
            Heard(
                info.words[firing.word],
                firing.confidence,
                float(times_s[firing.frame]),
                float(emitted_s[firing.frame]),
            )
            for firing in detector.accept(0, self.tracks[point.source])
        ]


def hear(
    blocks: Iterable[np.ndarray],
    recognizer: Recognizer,
    point: OperatingPoint,
    sources: Sequence[str],
) -> Hearing:
    """Run a model over a stream once.

    Args:
        blocks: (S,) float32 each, at the model's rate; more than nothing in all.
        recognizer: The model.
        point: Tells chunk and look-ahead; no more of it is looked at.
        sources: Which posteriors are kept.
    """
    info = recognizer.info
    chunk_frames, look_ahead_frames = window_frames(info, point)
    network = PosteriorStream(recognizer.session, info, chunk_frames, look_ahead_frames)
    tracks: dict[str, list[np.ndarray]] = {source: [] for source in sources}
    clips = []
    num_samples = 0
    for block in chain(blocks, [None]):
        num_samples += 0 if block is None else len(block)
        found = network.finish() if block is None else network.accept(block)
        if not found:
            continue
        clips.append(np.stack([posteriors.clip for posteriors in found]))
        for source, parts in tracks.items():
            parts.append(np.concatenate([word_track(p, info, source) for p in found]))
    return Hearing(
        info,
        chunk_frames,
        look_ahead_frames,
        num_samples,
        {source: np.concatenate(parts) for source, parts in tracks.items()},
        np.concatenate(clips),
    )
