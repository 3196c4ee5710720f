"""Convolutions in front of the recurrence, over time or over time and frequency."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

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
                x = x.flatten(1, 2)  # (B, planes * bands, T)
            x = convolution(x)
            feat_lens = (feat_lens - config.kernel) // config.stride + 1
            if self.norms:
                x = self.norms[i](x, feat_lens)
            x = x.relu()
        if x.dim() == 4:
            x = x.flatten(1, 2)
        return x.transpose(1, 2), feat_lens  # (B, T', C)
