"""Cutting time into chunks with look-ahead: how a bidirectional layer runs over a stream."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Chunking:
    """Latency-controlled bidirectional recurrence.

    Frames are committed `chunk` at a time, each chunk seen with `look_ahead` frames behind it
    (Zhang et al. 2016, arXiv 1510.08983; Xue & Yan 2017, doi:10.1109/ICASSP.2017.7953176).

    Attributes:
        chunk: C, frames committed by one window.
        look_ahead: R, frames that a window sees and does not commit.
    """

    chunk: int
    look_ahead: int

    @property
    def width(self) -> int:
        """Frames of one window."""
        return self.chunk + self.look_ahead

    def num_windows(self, num_frames: int) -> int:
        """Windows that commit `num_frames`."""
        return -(-num_frames // self.chunk)

    def num_whole(self, num_frames: int) -> int:
        """Windows that see all of their look-ahead; those behind them end with the stream."""
        return max(0, (num_frames - self.width) // self.chunk + 1)

    def windows(self, x: Tensor) -> Tensor:
        """(B, K, C + R, I) overlapping windows of (B, T, I) frames, zeros beyond the end."""
        count = self.num_windows(x.shape[1])
        more = -(-self.look_ahead // self.chunk)  # chunks that the look-ahead reaches into
        short = (count + more) * self.chunk - x.shape[1]
        chunks = torch.nn.functional.pad(x, (0, 0, 0, short)).unflatten(1, (-1, self.chunk))
        joined = torch.cat([chunks[:, i : count + i] for i in range(1 + more)], dim=2)
        return joined[:, :, : self.width]

    def committed(self, windows: Tensor, num_frames: int) -> Tensor:
        """(B, T, I) the committed frames of (B, K, C + R, I) windows."""
        return windows[:, :, : self.chunk].flatten(1, 2)[:, :num_frames]
