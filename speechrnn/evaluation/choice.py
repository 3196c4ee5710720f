"""Forced choice: what a model takes a clip for inside a long stream, and cut out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from speechrnn.evaluation.live_trial import LiveTrial, Part
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.strung import Placed
from speechrnn.evaluation.trial import Answer, answers
from speechrnn.runtime.recognizer import Recognizer
from speechrnn.vocabulary import UNKNOWN

_AROUND_S = 0.2


@dataclass(frozen=True)
class Choices:
    """Accuracy on the same clips; equal where a model is at home in a stream.

    Attributes:
        in_stream: By the pooled posteriors of the windows that end around the clip's end.
        cut: Each clip classified alone.
    """

    in_stream: Rate
    cut: Rate

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"in_stream": self.in_stream.as_dict(), "cut": self.cut.as_dict()}


def compare_choices(trial: LiveTrial, recognizer: Recognizer) -> Choices:
    """Classify the single words of a trial in the stream and cut.

    Words that are none of the model's count as `_unknown_`, and only where it has that label.
    """
    info = recognizer.info
    parts = [trial.said, *(trial.others if UNKNOWN in info.labels else [])]
    chosen = [info.labels[label] for part in parts for label in stream_choices(part)]
    utterances = [placed.utterance for part in parts for placed in part.placed]
    heard = answers(utterances, info.labels, info.sample_rate_hz, recognizer.clip_log_probs)
    pairs = [
        (answer, label)
        for answer, label in zip(heard, chosen, strict=True)
        if isinstance(answer, Answer)
    ]
    return Choices(
        Rate(sum(label == answer.truth for answer, label in pairs), len(pairs)),
        Rate(sum(answer.heard == answer.truth for answer, _ in pairs), len(pairs)),
    )


def stream_choices(part: Part) -> list[int]:
    """For each clip of a stream the label with the highest mean posterior around the clip's end."""
    return [_choice(part, placed) for placed in part.placed]


def _choice(part: Part, placed: Placed) -> int:
    ends_s = part.hearing.window_ends_s
    first, last = np.searchsorted(ends_s, (placed.end_s - _AROUND_S, placed.end_s + _AROUND_S))
    windows = part.hearing.clips[first : max(last, first + 1)]
    return int(np.exp(windows).mean(axis=0).argmax())
