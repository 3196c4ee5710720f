"""Dropout whose noise costs little on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_LEVELS = 1 << 16  # 16 random bits decide on a number
_LEAST = torch.iinfo(torch.int64).min


class Dropout(nn.Dropout):
    """`torch.nn.Dropout`; on the CPU one random number decides on four, and takes a fifth as long.

    The probability is a multiple of 2 ** -16 there. Repeatable with `torch.manual_seed`, but not
    what torch's own would draw.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Blank out numbers at random while learning, and scale up the others."""
        kept = round((1 - self.p) * _LEVELS)
        if x.device.type != "cpu" or not self.training or kept in (0, _LEVELS):
            return super().forward(x)
        words = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(_LEAST, None)
        below = words.view(torch.int16)[: x.numel()] < kept - _LEVELS // 2
        mask = below.to(x.dtype).mul_(_LEVELS / kept)
        # As x lies in memory, which need not be row by row.
        return x * mask.as_strided(x.shape, torch.empty_like(x, device="meta").stride())
