"""The network run over a stream, window by window."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import onnxruntime as ort

from speechrnn.decoding.operating_point import OperatingPoint
from speechrnn.runtime.model_file import ModelInfo

_NO_CLIP = np.zeros(0, np.float32)


@dataclass(frozen=True)
class Posteriors:
    """What one window of a stream yields.

    Attributes:
        first_frame: Number of its first frame in the stream.
        frames: (C, V) log-probabilities of `ModelInfo.symbols` at each committed frame.
        clip: (V',) log-probabilities of `ModelInfo.labels`, pooled over the last `pool_frames`
            frames committed before and all of this window's, its look-ahead included; of none
            without a clip head.
    """

    first_frame: int
    frames: np.ndarray
    clip: np.ndarray


class PosteriorStream:
    """Runs a model over a stream in windows of `chunk_frames` and `look_ahead_frames` frames.

    A window is run as soon as its last sample is there. What comes out is, number for number, what
    windows over the whole recording give, whatever the blocks that the samples arrive in.

    Attributes:
        latency_samples: How long a sample waits at most until its window is complete.
        missing_samples: Samples to come until the next window is complete, at least 1.
    """

    def __init__(
        self,
        session: ort.InferenceSession,
        info: ModelInfo,
        chunk_frames: int,
        look_ahead_frames: int,
    ) -> None:
        """Start before the first sample.

        Args:
            session: Runs the model; streams may share it.
            info: What the model file says about itself.
            chunk_frames: C, frames committed at a time, at least 1.
            look_ahead_frames: R, frames that a window sees beyond those.
        """
        grid = info.grid
        self.latency_samples = (
            chunk_frames + look_ahead_frames
        ) * grid.hop_samples + grid.right_samples
        self._session = session
        self._grid = grid
        self._chunk = chunk_frames
        self._look_ahead = look_ahead_frames
        self._state = {state.name: state.start(1) for state in info.states}
        heads = ["log_probs", "clip_log_probs"] if info.labels else ["log_probs"]
        self._outputs = [*heads, *(f"next_{name}" for name in self._state)]
        self._window = np.zeros(
            (1, grid.padded_samples(chunk_frames + look_ahead_frames)), np.float32
        )
        self._filled = grid.left_samples  # zeros before the first sample
        self._num_samples = 0
        self._next_frame = 0

    @property
    def missing_samples(self) -> int:
        return self._window.shape[1] - self._filled

    def accept(self, wave: np.ndarray) -> list[Posteriors]:
        """Take (S,) more float32 samples at the model's rate; return the windows now complete."""
        found = []
        self._num_samples += len(wave)
        while len(wave):
            part = wave[: self.missing_samples]
            self._window[0, self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            wave = wave[len(part) :]
            if not self.missing_samples:
                found.append(self._run(self._chunk + self._look_ahead))
        return found

    def finish(self) -> list[Posteriors]:
        """End the stream: return what is left, with zeros after the last sample."""
        found: list[Posteriors] = []
        if not self._num_samples:
            return found
        total = self._grid.num_frames(self._num_samples)
        while self._next_frame < total:
            self._window[0, self._filled :] = 0
            found.append(self._run(min(self._chunk + self._look_ahead, total - self._next_frame)))
        return found

    def _run(self, num_frames: int) -> Posteriors:
        """Run over the window's first frames, commit a chunk of them, and move on behind it."""
        commit = min(self._chunk, num_frames)
        samples = self._grid.padded_samples(num_frames)
        inputs = {
            "wave": self._window[:, :samples],
            "wave_lens": np.array([samples], np.int64),
            "commit": np.array([commit], np.int64),
            **self._state,
        }
        values = dict(zip(self._outputs, self._session.run(self._outputs, inputs), strict=True))
        self._state = {name: values[f"next_{name}"] for name in self._state}
        clip = values["clip_log_probs"][0] if "clip_log_probs" in values else _NO_CLIP
        posteriors = Posteriors(self._next_frame, values["log_probs"][0, :commit], clip)
        self._next_frame += commit
        step = commit * self._grid.hop_samples
        self._filled = max(self._filled - step, 0)
        self._window[0, : self._filled] = self._window[0, step : step + self._filled]
        return posteriors


def window_frames(info: ModelInfo, point: OperatingPoint) -> tuple[int, int]:
    """The frames of a chunk and of its look-ahead, for a model and an operating point."""
    chunk, look_ahead = (round(ms / info.hop_ms) for ms in (point.chunk_ms, point.look_ahead_ms))
    return max(1, chunk), look_ahead


def word_track(posteriors: Posteriors, info: ModelInfo, source: str) -> np.ndarray:
    """(C, W) posterior of each of `info.words` at each frame.

    Args:
        posteriors: Of one window.
        info: What the model file says about itself.
        source: "clip": the pooled posterior, held over all frames; "frames": that of each frame;
            "both": their geometric mean.
    """
    if source == "frames":
        return np.exp(posteriors.frames[:, _columns(info.symbols, info.words)])
    clip = np.repeat(
        posteriors.clip[None, _columns(info.labels, info.words)], len(posteriors.frames), axis=0
    )
    if source == "clip":
        return np.exp(clip)
    frames = posteriors.frames[:, _columns(info.symbols, info.words)]
    return np.exp((clip + frames) / 2)


@lru_cache
def _columns(names: tuple[str, ...], words: tuple[str, ...]) -> np.ndarray:
    return np.array([names.index(word) for word in words])
