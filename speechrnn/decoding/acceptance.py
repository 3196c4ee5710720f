"""When a sentence of a grammar counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Acceptance:
    """A threshold that was found for one grammar and one model.

    Attributes:
        threshold: The least margin of a sentence, see `speechrnn.decoding.grammar.decoder`.
        facts: Plain JSON facts about how it was found.
    """

    threshold: float
    facts: dict[str, Any]

    def __post_init__(self) -> None:
        if not math.isfinite(self.threshold):
            raise ValueError(f"threshold is {self.threshold}, expected a finite number")

    def as_metadata(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"threshold": self.threshold, "facts": self.facts}

    @classmethod
    def from_metadata(cls, tree: dict[str, Any]) -> Acceptance:
        """Read `as_metadata` back.

        Raises:
            KeyError: Something is missing.
            TypeError: Something is of another kind.
            ValueError: A number is out of range.
        """
        return cls(float(tree["threshold"]), dict(tree["facts"]))
