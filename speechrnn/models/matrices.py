"""The matrices and kernels of a network: nearly all of its numbers."""

from __future__ import annotations

from torch import nn


def matrices(model: nn.Module) -> dict[str, nn.Parameter]:
    """Weights of layers by name, an output a row; biases, gains and decays are none."""
    return {
        name: parameter
        for name, parameter in model.named_parameters()
        if parameter.ndim > 1 and name.rpartition(".")[2].startswith("weight")
    }
