"""Normalisation of channels over the valid frames of a batch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.distributed import all_reduce, get_world_size, is_initialized

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
            valid = span_mask(torch.zeros_like(lens), lens, x.shape[-1]).to(x.device)
            rows = x.to(self.running_mean.dtype).movedim(1, -1)  # as they lie in memory
            y, mean, variance = _Normalise.apply(
                rows, valid, self.running_mean, self.weight, self.bias
            )
            self.running_mean.lerp_(mean, _MOMENTUM)
            self.running_var.lerp_(variance, _MOMENTUM)
            normalised: Tensor = y.movedim(-1, 1)
            return normalised
        scale, shift = self.scale_shift()
        shape = (1, -1) + (1,) * (x.dim() - 2)
        return x * scale.view(shape) + shift.view(shape)

    def scale_shift(self) -> tuple[Tensor, Tensor]:
        """(C) and (C) what channels are multiplied by and shifted by after training."""
        scale = self.weight * torch.rsqrt(self.running_var + _EPSILON)
        return scale, self.bias - self.running_mean * scale


class _Normalise(Function):
    """Normalises (B, ..., T, C) with its own mean and variance, and returns them as well.

    The gradient is written out: autograd would go over the numbers three times as often.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, valid: Tensor, centre: Tensor, weight: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        valid = valid.to(x.dtype).view(len(x), *(1,) * (x.dim() - 3), -1)
        weights = valid.expand(x.shape[:-1]).flatten()
        # About the running mean, so that squares of a large mean don't swallow a small variance.
        shifted = (x - centre).flatten(0, -2)
        parts = [weights @ shifted, weights @ shifted.square_(), weights.sum()[None]]
        sums = _over_processes(torch.cat(parts))
        count = sums[-1].clamp(min=1)
        first, second = sums[:-1].view(2, -1) / count
        mean, variance = centre + first, (second - first.square()).clamp(min=0)
        deviation = (variance + _EPSILON).sqrt()
        scale = weight / deviation
        ctx.save_for_backward(x, valid, mean, deviation, scale, count)
        ctx.mark_non_differentiable(mean, variance)
        return torch.addcmul(bias - mean * scale, x, scale), mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        x, valid, mean, deviation, scale, count = ctx.saved_tensors
        centred, size = x - mean, len(mean)
        bias_grad = grad.reshape(-1, size).sum(0)
        weight_grad = (grad * centred).reshape(-1, size).sum(0) / deviation
        both = _over_processes(torch.stack([bias_grad, weight_grad / deviation]))
        of_mean, of_deviation = both * (-scale / count)
        x_grad = centred.mul_(of_deviation).add_(of_mean).mul_(valid[..., None])
        return x_grad.addcmul_(grad, scale), None, None, weight_grad, bias_grad


def _over_processes(sums: Tensor) -> Tensor:
    """Summed over all processes that train together."""
    if is_initialized() and get_world_size() > 1:
        all_reduce(sums)
    return sums
