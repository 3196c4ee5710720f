"""Convolutions in front of the recurrence, over time or over time and frequency."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from speechrnn.config import ConvConfig
from speechrnn.models.batch_norm import MaskedBatchNorm


class ConvolutionStack(nn.Module):
    """Convolutions, each with a ReLU behind it; valid windows of time, strides subsample.

    Those over some bands at a time slide over frequency as well, as over a picture whose planes
    are the features and their deltas.

    Attributes:
        pictures: Planes and bands of an input frame, then of what each convolution makes of it.

    Args:
        configs: One a convolution, first to last; none at all is fine.
        input_size: F, size of an input frame.
        planes: Of how many equal parts a frame is made: the features and each order of deltas.
        batch_norm: Whether channels are normalised between a convolution and its ReLU.
    """

    def __init__(
        self,
        configs: Sequence[ConvConfig],
        input_size: int,
        planes: int = 1,
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        self.configs = tuple(configs)
        self.convolutions = nn.ModuleList()
        self.norms = nn.ModuleList()
        self.pictures = [(planes, input_size // planes)]
        for config in configs:
            planes, bands = self.pictures[-1]
            convolution: nn.Conv1d | nn.Conv2d
            if config.bands is None:
                convolution = nn.Conv1d(
                    planes * bands, config.channels, config.kernel, config.stride
                )
                bands = 1
            else:
                convolution = nn.Conv2d(
                    planes,
                    config.channels,
                    (config.bands, config.kernel),
                    (config.band_stride, config.stride),
                    (config.bands // 2, 0),
                )
                bands = (bands - 1) // config.band_stride + 1
            self.pictures.append((config.channels, bands))
            nn.init.kaiming_uniform_(convolution.weight, nonlinearity="relu")
            if convolution.bias is not None:
                nn.init.zeros_(convolution.bias)
            self.convolutions.append(convolution)
            if batch_norm:
                self.norms.append(MaskedBatchNorm(config.channels))
        self.output_size = math.prod(self.pictures[-1])

    def forward(self, feats: Tensor, feat_lens: Tensor) -> tuple[Tensor, Tensor]:
        """Convolve.

        Args:
            feats: (B, T, F) features, context included.
            feat_lens: (B) valid frames, int64.

        Returns:
            (B, T', C) frames and (B) how many of them saw valid features only.
        """
        if not self.configs:
            return feats, feat_lens
        x = feats.transpose(1, 2)  # (B, F, T)
        if self.configs[0].bands:
            x = x.unflatten(1, self.pictures[0])  # (B, planes, bands, T)
        for i, (config, convolution) in enumerate(
            zip(self.configs, self.convolutions, strict=True)
        ):
            if config.bands is None and x.dim() == 4:
                x = _frames(x)  # (B, planes * bands, T)
            x = _convolve(convolution, x)
            feat_lens = (feat_lens - config.kernel) // config.stride + 1
            if self.norms:
                x = self.norms[i](x, feat_lens)
            x = x.relu()
        if x.dim() == 4:
            x = _frames(x)
        return x.transpose(1, 2), feat_lens  # (B, T', C)


def _convolve(convolution: nn.Module, x: Tensor) -> Tensor:
    """What `convolution` makes of `x`, over time alone as over a picture of one band.

    With the channels innermost in memory the kernels are up to six times as fast.
    """
    assert isinstance(convolution, nn.Conv1d | nn.Conv2d)
    weight, stride, padding = convolution.weight, convolution.stride, convolution.padding
    if isinstance(convolution, nn.Conv1d):
        x, weight, stride, padding = x.unsqueeze(2), weight.unsqueeze(2), (1, *stride), (0, 0)
    x, weight = (part.contiguous(memory_format=torch.channels_last) for part in (x, weight))
    x = nn.functional.conv2d(x, weight, convolution.bias, stride, padding)
    return x.squeeze(2) if isinstance(convolution, nn.Conv1d) else x


def _frames(picture: Tensor) -> Tensor:
    """(B, planes * bands, T) of (B, planes, bands, T)."""
    frames: Tensor = _Frames.apply(picture)
    return frames.transpose(1, 2)


class _Frames(Function):
    """Lays out numbers anew, and the gradient as they were before."""

    @staticmethod
    def forward(ctx: Any, picture: Tensor) -> Tensor:
        ctx.planes = picture.shape[1]
        return picture.permute(0, 3, 1, 2).flatten(2)  # (B, T, planes * bands)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        picture = grad.unflatten(2, (ctx.planes, -1)).permute(0, 2, 3, 1)
        return picture.contiguous(memory_format=torch.channels_last)
