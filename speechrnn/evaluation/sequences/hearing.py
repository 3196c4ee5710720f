"""What a model makes of utterances, kept so that any decoder can be tried on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from speechrnn.audio import stream_audio
from speechrnn.datadir import Utterance, load_wave
from speechrnn.errors import AudioError
from speechrnn.runtime.recognizer import Recognizer
from speechrnn.runtime.sequences import log_posteriors


@dataclass(frozen=True)
class SequenceHearing:
    """An utterance as a model with a CTC head heard it.

    Attributes:
        utterance: With what was said.
        frames: (T, V) each, natural log-posteriors of the model's symbols, piece by piece.
        duration_s: Length, to a frame.
    """

    utterance: Utterance
    frames: Sequence[np.ndarray]
    duration_s: float


def hear_utterances(
    utterances: Sequence[Utterance], recognizer: Recognizer
) -> Iterator[SequenceHearing | AudioError]:
    """Run a model over utterances of any length, one by one.

    Args:
        utterances: What to hear.
        recognizer: The model.

    Returns:
        For each utterance what was heard, or why it cannot be read.
    """
    info = recognizer.info
    for utterance in utterances:
        blocks = _blocks(utterance, info.sample_rate_hz)
        try:
            frames = list(log_posteriors(blocks, recognizer.session, info))
        except AudioError as fault:
            yield fault
            continue
        yield SequenceHearing(utterance, frames, sum(map(len, frames)) * info.hop_ms / 1000)


def _blocks(utterance: Utterance, sample_rate_hz: int) -> Iterator[np.ndarray]:
    if utterance.is_segment:
        yield load_wave(utterance, sample_rate_hz)
    else:
        yield from stream_audio(utterance.wav, sample_rate_hz, sample_rate_hz)
