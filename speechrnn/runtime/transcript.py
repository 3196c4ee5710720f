"""What a recogniser hears in one recording."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from speechrnn.runtime.spoken import Slots


@dataclass(frozen=True)
class Alternative:
    """A label and its posterior probability."""

    word: str
    confidence: float


@dataclass(frozen=True)
class Segment:
    """A word, or a sentence of a grammar, where it lies, and its posterior probability.

    Attributes:
        word: The word, or the words of the sentence.
        start_s: Where it begins in the recording.
        end_s: Where it ends.
        confidence: Its posterior probability; with a CTC head see `speechrnn.runtime.spoken`.
        intent: What a sentence asks for.
        slots: What fills its slots.
    """

    word: str
    start_s: float
    end_s: float
    confidence: float
    intent: str | None = None
    slots: Slots | None = None


@dataclass(frozen=True)
class Transcript:
    """The words of one recording.

    Attributes:
        text: The words of all segments, joined by spaces; empty where no word was heard.
        confidence: For a recording up to the model's clip length the posterior of the likeliest
            label, word or not. For a longer one the mean over its segments or, where none was
            heard, the highest posterior that any place left for "no word". With a CTC head the
            mean over its segments where the model is calibrated or there is a grammar, else, or
            where nothing was heard, the share of `text` in the likelihood of all texts that the
            search kept.
        alternatives: The likeliest labels of a clip, best first, `_silence_` and `_unknown_`
            included; empty for a longer recording, whose segments each stand for themselves. With
            a CTC head the likeliest texts, each with its share, which is not calibrated.
        duration_s: Length of the recording.
        segments: The words in order of time.
    """

    text: str
    confidence: float
    alternatives: tuple[Alternative, ...]
    duration_s: float
    segments: tuple[Segment, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; probabilities and times rounded to four digits."""
        return {
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "alternatives": [_rounded(alternative) for alternative in self.alternatives],
            "duration_s": round(self.duration_s, 4),
            "segments": [_rounded(segment) for segment in self.segments],
        }


def _rounded(record: Alternative | Segment) -> dict[str, Any]:
    return {
        key: round(value, 4) if isinstance(value, float) else value
        for key, value in asdict(record).items()
        if value is not None
    }
