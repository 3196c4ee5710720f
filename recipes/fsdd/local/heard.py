"""What the networks of all folds make of sounds, kept for any number of decoders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from speechrnn.datadir import Utterance, load_wave
from speechrnn.errors import DataError
from speechrnn.evaluation.sequences.hearing import SequenceHearing
from speechrnn.runtime.recognizer import Recognizer, load_model
from speechrnn.runtime.sequences import log_posteriors


def networks(experiment: Path) -> dict[str, Recognizer]:
    """The network of each fold, by the speaker whom it has never heard."""
    models = sorted(experiment.glob("fold_*/model.onnx"))
    if len(models) < 2:
        raise DataError(f"{experiment}: fewer than two fold_*/model.onnx; run stages 3 and 4")
    return {model.parent.name.removeprefix("fold_"): load_model(model) for model in models}


def hear(ear: Recognizer, utterances: Iterable[Utterance]) -> list[SequenceHearing]:
    """Hear utterances; one that cannot be read is an error."""
    return [hear_wave(ear, its, load_wave(its, ear.info.sample_rate_hz)) for its in utterances]


def hear_wave(ear: Recognizer, utterance: Utterance, wave: np.ndarray) -> SequenceHearing:
    """Hear an utterance whose (S,) float32 wave is here already."""
    frames = list(log_posteriors([wave], ear.session, ear.info))
    return SequenceHearing(utterance, frames, len(wave) / ear.info.sample_rate_hz)
