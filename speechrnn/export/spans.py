"""Frame counts inside the graph: what is valid, and what is committed."""

from __future__ import annotations

from dataclasses import dataclass

from onnx import TensorProto

from speechrnn.export.graph import GraphBuilder
from speechrnn.frames import FrameGrid


@dataclass(frozen=True)
class Spans:
    """Names of the counts that the parts of the graph share, int64 columns but for the last.

    Attributes:
        lens: (B, 1) valid output frames.
        commit: (B, 1) frames to commit.
        rows: (B, 1) 0, 1, 2, ...
        some: (B, 1) whether any frame is committed.
    """

    lens: str
    commit: str
    rows: str
    some: str


def add_spans(g: GraphBuilder, wave_lens: str, commit: str, grid: FrameGrid) -> Spans:
    """Count frames from samples as `FrameGrid.valid_frames` does.

    Args:
        g: The graph.
        wave_lens: (B) samples with context, at least one window.
        commit: (B) frames to commit.
        grid: Where output frames lie.
    """
    # (n - window) // hop + 1 without a division of negative numbers, which ONNX truncates.
    samples = g.node("Unsqueeze", wave_lens, g.ints(1))
    room = g.node("Sub", samples, g.scalar(grid.window_samples - grid.hop_samples))
    lens = g.node("Div", room, g.scalar(grid.hop_samples))
    rows = g.node("Range", g.scalar(0), g.length(wave_lens, 0), g.scalar(1))
    rows = g.node("Unsqueeze", rows, g.ints(1))
    commit = g.node("Unsqueeze", commit, g.ints(1))
    return Spans(lens, commit, rows, g.node("Greater", commit, g.scalar(0)))


def as_steps(g: GraphBuilder, counts: str) -> str:
    """(B) int32, as recurrent nodes take lengths, from a (B, 1) column."""
    return g.node("Cast", g.node("Squeeze", counts, g.ints(1)), to=TensorProto.INT32)
