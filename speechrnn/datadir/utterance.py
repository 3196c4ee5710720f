"""One utterance: a recording or a stretch of one, who speaks, and what is said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechrnn.audio import read_audio
from speechrnn.errors import AudioError


@dataclass(frozen=True)
class Utterance:
    """A recording, or a stretch of one, with its words.

    Attributes:
        id: Name, unique in its directory; starts with the speaker's, as Kaldi wants it.
        wav: The recording.
        speaker: Who speaks.
        text: Words, separated by blanks; empty where nothing is said.
        recording: The recording's name; the utterance's own where it is the whole recording.
        start_s: Where the stretch begins; none: the whole recording.
        end_s: Where it ends; none: at the recording's end.
    """

    id: str
    wav: Path
    speaker: str
    text: str
    recording: str
    start_s: float | None = None
    end_s: float | None = None

    @property
    def is_segment(self) -> bool:
        """Whether this is a stretch of a recording with a name of its own."""
        return self.start_s is not None


def id_of(name: str) -> str:
    """A name as part of an id: letters, digits and underscores, which all sort after '-'."""
    return re.sub(r"\W", "_", name)


def load_wave(utterance: Utterance, sample_rate_hz: int) -> np.ndarray:
    """An utterance's samples.

    Args:
        utterance: What to read.
        sample_rate_hz: Rate wanted.

    Returns:
        (S,) float32, one channel.

    Raises:
        AudioError: See `speechrnn.audio.read_audio`; names the utterance too.
    """
    try:
        return read_audio(
            utterance.wav, sample_rate_hz, start_s=utterance.start_s or 0.0, end_s=utterance.end_s
        )[0]
    except AudioError as fault:
        raise AudioError(f"utterance {utterance.id}: {fault}") from None
