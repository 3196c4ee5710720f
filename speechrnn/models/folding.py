"""Batch normalisation folded into the convolutions before it."""

from __future__ import annotations

from typing import cast

import torch
from torch import nn

from speechrnn.config import with_model
from speechrnn.models.batch_norm import MaskedBatchNorm
from speechrnn.models.command import CommandModel


@torch.no_grad()
def folded(model: CommandModel) -> CommandModel:
    """The same network without batch normalisation, for evaluation; itself where it has none."""
    if not model.config.model.batch_norm:
        return model
    result = model.with_config(with_model(model.config, batch_norm=False))
    state = {n: t for n, t in model.state_dict().items() if not n.startswith("convolutions.norms.")}
    result.load_state_dict(state)
    for module, norm in zip(
        result.convolutions.convolutions, model.convolutions.norms, strict=True
    ):
        convolution = cast(nn.Conv1d | nn.Conv2d, module)
        scale, shift = cast(MaskedBatchNorm, norm).scale_shift()
        convolution.weight.mul_(scale.view(-1, *(1,) * (convolution.weight.dim() - 1)))
        assert convolution.bias is not None
        convolution.bias.mul_(scale).add_(shift)
    return result.eval()
