"""Frame counts inside the graph: what is valid, and what is committed."""

from __future__ import annotations

from dataclasses import dataclass

from speechrnn.export.graph import GraphBuilder
from speechrnn.frames import FrameGrid


@dataclass(frozen=True)
class Spans:
    """Names of the counts that the parts of the graph share.

    Attributes:
        lens: (B) valid output frames, int64.
        commit: (B) frames to commit, int64.
        some: (B, 1) whether any frame is committed.
        rows: (B, 1) 0, 1, 2, ..., int64.
    """

    lens: str
    commit: str
    some: str
    rows: str


def add_spans(g: GraphBuilder, wave_lens: str, commit: str, grid: FrameGrid) -> Spans:
    """Count frames from samples as `FrameGrid.valid_frames` does.

    Args:
        g: The graph.
        wave_lens: (B) samples with context, at least one window.
        commit: (B) frames to commit.
        grid: Where output frames lie.
    """
    # (n - window) // hop + 1 without a division of negative numbers, which ONNX truncates.
    room = g.node("Sub", wave_lens, g.scalar(grid.window_samples - grid.hop_samples))
    lens = g.node("Div", room, g.scalar(grid.hop_samples))
    some = g.node("Unsqueeze", g.node("Greater", commit, g.scalar(0)), g.ints(1))
    rows = g.node("Range", g.scalar(0), g.length(wave_lens, 0), g.scalar(1))
    return Spans(lens, commit, some, g.node("Unsqueeze", rows, g.ints(1)))


def last_committed(g: GraphBuilder, spans: Spans, frames_each: int, middle: int) -> str:
    """(B, 2 + middle) indices (frame, 0, ..., row) of the last committed frame for GatherND.

    Where nothing is committed the frame is -1, which ONNX takes for the last one.

    Args:
        g: The graph.
        spans: Frame counts.
        frames_each: Frames of the indexed axis that make one output frame.
        middle: How many axes of which the first entry is meant lie between frame and row.
    """
    frame = spans.commit
    if frames_each > 1:
        frame = g.node("Mul", frame, g.scalar(frames_each))
    frame = g.node("Unsqueeze", g.node("Sub", frame, g.scalar(1)), g.ints(1))
    rows = g.node("Pad", spans.rows, g.ints(0, middle, 0, 0)) if middle else spans.rows
    return g.node("Concat", frame, rows, axis=1)
