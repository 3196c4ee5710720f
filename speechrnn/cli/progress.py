"""Training progress on the terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from speechrnn.training.observer import Observer


class TrainingProgress(Observer):
    """Shows bars with loss and speed, and a line for each epoch."""

    things = "clips"  # what a step is made of

    def __init__(self, shown: bool = True) -> None:
        """Set up; not `shown`, nothing is."""
        self._console = Console(stderr=True, quiet=not shown)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[facts]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not (shown and sys.stderr.isatty()),
        )
        self._task = self._progress.add_task("", total=None, facts="")
        self._began = 0.0
        self._clips = 0
        self._loss = 0.0

    def __enter__(self) -> TrainingProgress:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def loading(self, name: str, total: int) -> None:
        """Start the bar of a list that is decoded."""
        self._progress.reset(self._task, total=total, description=f"decode {name}", facts="")

    def loaded_clip(self) -> None:
        """Move the decoding bar."""
        self._progress.advance(self._task)

    def unreadable(self, fault: str) -> None:
        """Say which clip was left out."""
        self._console.print(f"left out: {fault}", style="yellow", highlight=False, soft_wrap=True)

    def note(self, line: str) -> None:
        """Say it."""
        self._console.print(line, highlight=False, soft_wrap=True)

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        """Start an epoch's bar."""
        name = f"epoch {epoch}/{epochs}"
        self._progress.reset(self._task, total=steps, description=name, facts="")
        self._began, self._clips, self._loss = time.perf_counter(), 0, 0.0

    def step_done(self, loss: float, clips: int) -> None:
        """Move the epoch's bar."""
        self._clips += clips
        self._loss += loss * clips
        rate = self._clips / (time.perf_counter() - self._began)
        facts = f"loss {self._loss / self._clips:.3f}  {rate:.0f} {self.things}/s"
        self._progress.update(self._task, advance=1, facts=facts)

    def epoch_done(self, record: dict[str, Any]) -> None:
        """Print an epoch's line."""
        self._console.print(self.line(record), highlight=False, soft_wrap=True)

    def line(self, record: dict[str, Any]) -> str:
        """What is said of an epoch."""
        line = f"epoch {record['epoch']:3d}  loss {record['train_loss']:.3f}"
        if "valid_loss" in record:
            line += f"  valid loss {record['valid_loss']:.3f}"
            line += f"  accuracy {record['valid_accuracy']:.1%}"
        if "valid_stream_accuracy" in record:
            line += f", in streams {record['valid_stream_accuracy']:.1%}"
        if "valid_unit_errors" in record:
            line += f"  unit errors {record['valid_unit_errors']:.1%}"
        if record.get("left_out"):
            line += f"  {record['left_out']} sequences too long for their frames"
        return line + f"  {record['clips_per_s']:.0f} clips/s"
