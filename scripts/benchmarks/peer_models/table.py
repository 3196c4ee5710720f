"""The table that peers are compared in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from peer_models.measure import median_ms
from speechrnn.evaluation.metrics import Rate

_HEAD = (
    "model",
    "accuracy (95% interval, Wilson)",
    "parameters",
    "multiply-adds",
    "eager PyTorch (ms)",
    "ONNX Runtime (ms)",
    "file (MB)",
    "training (CPU min)",
    "epochs",
)


@dataclass(frozen=True)
class Row:
    """What came of one model.

    Attributes:
        name: The model.
        accuracy: Test clips heard right.
        parameters: Trained numbers.
        multiply_adds: Of the network for a clip of a second, features not counted.
        file_bytes: Size of the ONNX file.
        training_s: Processor time of training.
        epochs: Rounds of its training clips.
        eager: Hears a clip, from waveform to word.
        onnx: The same, the network in ONNX Runtime.
        eager_ms: Median processor time of `eager`; none: not measured yet.
        onnx_ms: Of `onnx`.
    """

    name: str
    accuracy: Rate
    parameters: int
    multiply_adds: int
    file_bytes: int
    training_s: float
    epochs: float
    eager: Callable[[], object]
    onnx: Callable[[], object]
    eager_ms: float | None = None
    onnx_ms: float | None = None

    def cells(self) -> tuple[str, ...]:
        """As the table shows it."""
        low, high = self.accuracy.interval
        return (
            self.name,
            f"{self.accuracy.share:.1%} ({low:.1%} to {high:.1%}) of {self.accuracy.total}",
            f"{self.parameters:,}",
            f"{self.multiply_adds / 1e6:.1f} M",
            *("–" if ms is None else f"{ms:.2f}" for ms in (self.eager_ms, self.onnx_ms)),
            f"{self.file_bytes / 1e6:.2f}",
            f"{self.training_s / 60:.1f}",
            f"{self.epochs:.1f}",
        )


def timed(rows: Sequence[Row], runs: int) -> list[Row]:
    """The rows with times; all models have their turns, so that a busy machine slows all alike."""
    ways = {(i, way): getattr(row, way) for i, row in enumerate(rows) for way in ("eager", "onnx")}
    times = median_ms(ways, runs)
    return [
        replace(row, eager_ms=times[i, "eager"], onnx_ms=times[i, "onnx"])
        for i, row in enumerate(rows)
    ]


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a table."""
    lines = [_HEAD, ["---"] * len(_HEAD), *(row.cells() for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
