"""How long epochs of this project's loop take."""

from __future__ import annotations

import time
from typing import Any

from speechrnn.training.observer import Observer


class Clock(Observer):
    """Processor time of epochs, each with its validation, and of what comes before the first.

    Attributes:
        before_s: Seconds from when this was made to the first epoch.
        total_s: Seconds of all epochs so far.
    """

    def __init__(self) -> None:
        self.before_s = self.total_s = 0.0
        self._began = time.process_time()

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        """The clock starts."""
        now = time.process_time()
        if epoch == 1:
            self.before_s = now - self._began
        self._began = now

    def epoch_done(self, record: dict[str, Any]) -> None:
        """The clock stops."""
        self.total_s += time.process_time() - self._began
