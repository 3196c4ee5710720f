"""What a stream reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from speechrnn.runtime.spoken import Slots


@dataclass(frozen=True)
class Event:
    """A word, or a sentence of a grammar, in a stream; times count from its first sample.

    Attributes:
        word: The word, or the words of the sentence.
        confidence: Its smoothed posterior when it was decided for; of a CTC head see
            `speechrnn.runtime.spoken`.
        start_s: Where the sound that holds it began.
        end_s: Where that sound ended; where it went on, as far as it was heard.
        latency_s: Audio that had to be heard beyond `end_s` before the word was reported, the
            longest delay of resampling included.
        intent: What a sentence asks for.
        slots: What fills its slots.
    """

    word: str
    confidence: float
    start_s: float
    end_s: float
    latency_s: float
    intent: str | None = None
    slots: Slots | None = None

    @property
    def meaning(self) -> str:
        """Intent and slots for people; empty without a grammar."""
        slots = ", ".join(
            f"{name} {value if isinstance(value, str) else ' '.join(value)}"
            for name, value in (self.slots or {}).items()
        )
        return ": ".join(part for part in (self.intent, slots) if part)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, rounded to four digits; without a grammar no intent and slots."""
        return {
            key: round(value, 4) if isinstance(value, float) else value
            for key, value in asdict(self).items()
            if value is not None
        }
