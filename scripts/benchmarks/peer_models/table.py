"""The table that peers are compared in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
        eager_ms: Median processor time of a clip, from waveform to word.
        onnx_ms: The same, the network in ONNX Runtime.
        file_bytes: Size of the ONNX file.
        training_s: Processor time of training.
        epochs: How often each training clip came, as it is or changed.
    """

    name: str
    accuracy: Rate
    parameters: int
    multiply_adds: int
    eager_ms: float
    onnx_ms: float
    file_bytes: int
    training_s: float
    epochs: float

    def cells(self) -> tuple[str, ...]:
        """As the table shows it."""
        low, high = self.accuracy.interval
        return (
            self.name,
            f"{self.accuracy.share:.1%} ({low:.1%} to {high:.1%}) of {self.accuracy.total}",
            f"{self.parameters:,}",
            f"{self.multiply_adds / 1e6:.1f} M",
            f"{self.eager_ms:.2f}",
            f"{self.onnx_ms:.2f}",
            f"{self.file_bytes / 1e6:.2f}",
            f"{self.training_s / 60:.1f}",
            f"{self.epochs:.1f}",
        )


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a table."""
    lines = [_HEAD, ["---"] * len(_HEAD), *(row.cells() for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
