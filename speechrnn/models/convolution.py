"""Convolutions over time in front of the recurrence."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from speechrnn.config import ConvConfig


class ConvolutionStack(nn.Module):
    """Convolutions over time on valid windows, each followed by a ReLU; strides subsample.

    Args:
        configs: One a convolution, first to last; none at all is fine.
        input_size: F, size of an input frame.
    """

    def __init__(self, configs: Sequence[ConvConfig], input_size: int) -> None:
        super().__init__()
        self.configs = tuple(configs)
        self.convolutions = nn.ModuleList()
        for config in configs:
            convolution = nn.Conv1d(input_size, config.channels, config.kernel, config.stride)
            nn.init.kaiming_uniform_(convolution.weight, nonlinearity="relu")
            if convolution.bias is not None:
                nn.init.zeros_(convolution.bias)
            self.convolutions.append(convolution)
            input_size = config.channels
        self.output_size = input_size

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
        for config, convolution in zip(self.configs, self.convolutions, strict=True):
            x = convolution(x).relu()
            feat_lens = (feat_lens - config.kernel) // config.stride + 1
        return x.transpose(1, 2), feat_lens  # (B, T', C)
