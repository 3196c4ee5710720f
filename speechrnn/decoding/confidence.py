"""From a decoder's confidence to how likely a word is right."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from speechrnn.decoding.ctc.hypothesis import Hypothesis

KIND = "logistic"
EDGE = 1e-6  # confidences nearer to 0 and 1 count as this near

H = TypeVar("H", bound=Hypothesis)


@dataclass(frozen=True)
class ConfidenceMap:
    """Log-odds of being right as a straight line over the log-odds of the raw confidence.

    Attributes:
        slope: Not below 0: what was more confident stays so.
        offset: In nats.
        facts: Plain JSON facts about how it was found.
    """

    slope: float
    offset: float
    facts: dict[str, Any]

    def __post_init__(self) -> None:
        if not 0 <= self.slope < math.inf:
            raise ValueError(f"slope is {self.slope}, expected 0 or more")
        if not math.isfinite(self.offset):
            raise ValueError(f"offset is {self.offset}, expected a finite number")

    def apply(self, raw: float) -> float:
        """Probability that a word is right, of its raw confidence."""
        log_odds = self.slope * raw_log_odds(raw) + self.offset
        # Never an overflow: the argument of exp is not above 0.
        small = math.exp(-abs(log_odds))
        return 1 / (1 + small) if log_odds >= 0 else small / (1 + small)

    def calibrated(self, hypothesis: H) -> H:
        """The hypothesis with such probabilities for its words' confidences."""
        words = (replace(word, confidence=self.apply(word.confidence)) for word in hypothesis.words)
        return replace(hypothesis, words=tuple(words))

    def as_metadata(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"kind": KIND, "slope": self.slope, "offset": self.offset, "facts": self.facts}

    @classmethod
    def from_metadata(cls, tree: dict[str, Any]) -> ConfidenceMap:
        """Read `as_metadata` back.

        Raises:
            KeyError: Something is missing.
            TypeError: Something is of another kind.
            ValueError: A number is out of range, or the map of another kind.
        """
        if tree["kind"] != KIND:
            raise ValueError(f"kind is {tree['kind']!r}, expected {KIND!r}")
        return cls(float(tree["slope"]), float(tree["offset"]), dict(tree["facts"]))


def raw_log_odds(raw: float) -> float:
    """Log-odds of a raw confidence, finite even for 0 and 1."""
    raw = min(max(raw, EDGE), 1 - EDGE)
    return math.log(raw) - math.log1p(-raw)
