"""Who is told how training goes."""

from __future__ import annotations

from typing import Any


class Observer:
    """Hears of a run's progress; a front end overrides what it wants to show."""

    def loading(self, name: str, total: int) -> None:
        """The clips of a list, `total` of them, start being decoded."""

    def loaded_clip(self) -> None:
        """One more clip is decoded, or found unreadable."""

    def unreadable(self, fault: str) -> None:
        """A clip was left out; `fault` is one line that says why."""

    def note(self, line: str) -> None:
        """Something about the run that the user should know."""

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        """Epoch `epoch` of `epochs` (from 1), of which `steps` steps are to be done."""

    def step_done(self, loss: float, clips: int) -> None:
        """A step on `clips` clips was taken at this loss."""

    def epoch_done(self, record: dict[str, Any]) -> None:
        """An epoch and its validation ended; `record` is its line of metrics.jsonl."""
