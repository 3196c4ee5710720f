"""Normalisation of channels over the valid frames of a batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributed import get_world_size, is_initialized
from torch.distributed.nn.functional import all_reduce

from speechrnn.models.lengths import span_mask

_MOMENTUM = 0.1
_EPSILON = 1e-5


class MaskedBatchNorm(nn.Module):
    """Batch normalisation that padding has no part in.

    Ioffe & Szegedy 2015 (arXiv 1502.03167). In training, mean and variance are those of a
    channel over all valid frames (and bands) of the batch, of all processes where several train
    together; afterwards their running averages, so that a frame depends on nothing but itself and
    the whole can be folded into the convolution before it.

    Args:
        channels: C.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor, lens: Tensor) -> Tensor:
        """Normalise.

        Args:
            x: (B, C, T) or (B, C, bands, T).
            lens: (B) valid frames, int64.

        Returns:
            Of the shape of `x`; arbitrary beyond the valid frames.
        """
        if self.training:
            mean, variance = self._statistics(x.float(), lens.to(x.device))
        else:
            mean, variance = self.running_mean, self.running_var
        scale = self.weight * torch.rsqrt(variance + _EPSILON)
        shape = (1, -1) + (1,) * (x.dim() - 2)
        return x * scale.view(shape) + (self.bias - mean * scale).view(shape)

    def scale_shift(self) -> tuple[Tensor, Tensor]:
        """(C) and (C) what channels are multiplied by and shifted by after training."""
        scale = self.weight * torch.rsqrt(self.running_var + _EPSILON)
        return scale, self.bias - self.running_mean * scale

    def _statistics(self, x: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        """(C) mean and (C) variance of the valid frames, taken into the running averages."""
        others = [axis for axis in range(x.dim()) if axis != 1]
        inside = span_mask(torch.zeros_like(lens), lens, x.shape[-1])
        inside = inside.view(len(x), *(1,) * (x.dim() - 2), -1)
        # About the running mean, so that squares of a large mean don't swallow a small variance.
        centre = self.running_mean.view(1, -1, *(1,) * (x.dim() - 2))
        shifted = (x - centre) * inside
        bands = x.shape[2] if x.dim() == 4 else 1
        count = (lens.sum() * bands).to(x.dtype)
        sums = torch.cat([shifted.sum(others), shifted.square().sum(others), count[None]])
        if is_initialized() and get_world_size() > 1:
            sums = all_reduce(sums)
        first, second = sums[:-1].view(2, -1) / sums[-1].clamp(min=1)
        mean, variance = self.running_mean + first, (second - first.square()).clamp(min=0)
        with torch.no_grad():
            self.running_mean.lerp_(mean, _MOMENTUM)
            self.running_var.lerp_(variance, _MOMENTUM)
        return mean, variance
