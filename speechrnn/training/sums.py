"""What the steps of an epoch add up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class EpochSums:
    """Sums over the steps of an epoch that are done.

    Attributes:
        steps: How many.
        clips: Their clips.
        loss: Each step's loss times its clips.
        norm: Gradient norms.
        seconds: Time they took.
        left_out: Sequences that had too few frames for their units.
    """

    steps: int = 0
    clips: int = 0
    loss: float = 0.0
    norm: float = 0.0
    seconds: float = 0.0
    left_out: int = 0

    def add(self, loss: float, norm: float, clips: int, seconds: float) -> None:
        """Count one more step."""
        self.steps += 1
        self.clips += clips
        self.loss += loss * clips
        self.norm += norm
        self.seconds += seconds

    def record(self) -> dict[str, Any]:
        """What an epoch's line of metrics.jsonl tells of its steps."""
        return {
            "train_loss": self.loss / self.clips,
            "gradient_norm": self.norm / self.steps,
            "clips_per_s": self.clips / self.seconds,
            "seconds": self.seconds,
        }
