"""When a stream's posteriors count as a word: what is read, how it is smoothed, the thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

SOURCES = ("clip", "frames", "both")
_LONGEST_MS = 60_000.0

# Of a model that was not calibrated.
_SMOOTHING_MS = 120.0
_REFRACTORY_MS = 500.0
_CHUNK_MS = 160.0
_LOOK_AHEAD_MS = 160.0
_THRESHOLD = 0.5  # likelier than all else together


@dataclass(frozen=True)
class OperatingPoint:
    """How a stream decides.

    Attributes:
        source: Which posteriors are read: "clip" (pooled over the last clip length), "frames" (of
            single frames) or "both" (the geometric mean of the two).
        smoothing_ms: Length of the moving average over them.
        refractory_ms: No two words are reported within so long.
        chunk_ms: How often the network runs; 0 stands for one frame.
        look_ahead_ms: What it hears beyond a chunk before it judges the chunk.
        thresholds: Smoothed posterior from which on each word counts, above 0; above 1 a word is
            never reported.
        calibration: Plain JSON facts about how the thresholds were found; none: they were not.
    """

    source: str
    smoothing_ms: float
    refractory_ms: float
    chunk_ms: float
    look_ahead_ms: float
    thresholds: dict[str, float]
    calibration: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise ValueError(f"source is {self.source!r}, expected one of {', '.join(SOURCES)}")
        for name in ("smoothing_ms", "refractory_ms", "chunk_ms", "look_ahead_ms"):
            value = getattr(self, name)
            if not 0 <= value <= _LONGEST_MS:
                raise ValueError(f"{name} is {value}, expected 0 to {_LONGEST_MS:g}")
        for word, threshold in self.thresholds.items():
            if not 0 < threshold < math.inf:
                raise ValueError(f"threshold of {word!r} is {threshold}, expected more than 0")

    def as_metadata(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_metadata(cls, tree: dict[str, Any]) -> OperatingPoint:
        """Read `as_metadata` back.

        Raises:
            KeyError: Something is missing.
            TypeError: Something is of another kind.
            ValueError: A number is out of range.
        """
        calibration = dict(tree).get("calibration")
        return cls(
            source=str(tree["source"]),
            smoothing_ms=float(tree["smoothing_ms"]),
            refractory_ms=float(tree["refractory_ms"]),
            chunk_ms=float(tree["chunk_ms"]),
            look_ahead_ms=float(tree["look_ahead_ms"]),
            thresholds={str(w): float(t) for w, t in dict(tree["thresholds"]).items()},
            calibration=None if calibration is None else dict(calibration),
        )


def default_operating_point(
    words: Iterable[str], has_keyword_head: bool, bidirectional: bool = True
) -> OperatingPoint:
    """What a model that was not calibrated goes by.

    Args:
        words: The words that are reported.
        has_keyword_head: Whether single frames were trained to tell words.
        bidirectional: Without a backward direction there is nothing to look ahead for.
    """
    return OperatingPoint(
        source="both" if has_keyword_head else "clip",
        smoothing_ms=_SMOOTHING_MS,
        refractory_ms=_REFRACTORY_MS,
        chunk_ms=_CHUNK_MS,
        look_ahead_ms=_LOOK_AHEAD_MS if bidirectional else 0.0,
        thresholds=dict.fromkeys(words, _THRESHOLD),
    )
