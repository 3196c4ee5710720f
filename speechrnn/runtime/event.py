"""What a stream reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """A word heard in a stream; times count from the stream's first sample.

    Attributes:
        word: The word.
        confidence: Its smoothed posterior when it was decided for.
        start_s: Where the sound that holds it began.
        end_s: Where that sound ended; where it went on, as far as it was heard.
        latency_s: Audio that had to be heard beyond `end_s` before the word was reported, the
            longest delay of resampling included.
    """

    word: str
    confidence: float
    start_s: float
    end_s: float
    latency_s: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; probabilities and times rounded to four digits."""
        return {
            key: round(value, 4) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }
