"""What the networks of all folds make of sounds, kept for any number of decoders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechrnn.datadir import Utterance, load_wave
from speechrnn.runtime.posteriors import PosteriorStream
from speechrnn.runtime.recognizer import load_model

_WINDOW_S, _LOOK_AHEAD_S = 10.0, 1.0  # as in transcribe: a shorter recording is heard as a whole


@dataclass(frozen=True)
class Heard:
    """An utterance as a network hears it.

    Attributes:
        utterance: With what was said.
        symbols: (V) of the network, the blank first.
        log_probs: (T, V) natural log-posteriors.
    """

    utterance: Utterance
    symbols: Sequence[str]
    log_probs: np.ndarray


class Network:
    """An exported network.

    Attributes:
        sample_rate_hz: Of what it hears.
        symbols: (V) what it tells apart, the blank first.
    """

    def __init__(self, model: Path) -> None:
        """Load an .onnx file."""
        self._recognizer = load_model(model)
        self.sample_rate_hz = self._recognizer.info.sample_rate_hz
        self.symbols = self._recognizer.info.symbols

    def hear(self, utterances: Iterable[Utterance]) -> list[Heard]:
        """Hear utterances."""
        return [
            Heard(its, self.symbols, self.log_probs(load_wave(its, self.sample_rate_hz)))
            for its in utterances
        ]

    def log_probs(self, wave: np.ndarray) -> np.ndarray:
        """(T, V) natural log-posteriors of a (S,) float32 wave."""
        info = self._recognizer.info
        frames = (round(seconds * 1000 / info.hop_ms) for seconds in (_WINDOW_S, _LOOK_AHEAD_S))
        stream = PosteriorStream(self._recognizer.session, info, *frames)
        found = [*stream.accept(wave), *stream.finish()]
        return np.concatenate([window.frames for window in found])


def networks(experiment: Path) -> dict[str, Network]:
    """The network of each fold, by the speaker whom it has never heard."""
    models = sorted(experiment.glob("fold_*/model.onnx"))
    if len(models) < 2:
        raise SystemExit(f"{experiment}: fewer than two fold_*/model.onnx; run stages 3 and 4")
    return {model.parent.name.removeprefix("fold_"): Network(model) for model in models}
