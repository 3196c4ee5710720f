"""Weights as 8-bit integers, with a scale for each row."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from speechrnn.models.matrices import matrices

_LARGEST = 127


def to_int8(weights: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Integers from -127 to 127 and float32 scales whose product is next to the weights.

    Args:
        weights: Of any shape.
        axes: Along which weights share a scale; the scales have size 1 there.
    """
    scale = np.abs(weights).max(axis=axes, keepdims=True).astype(np.float32) / _LARGEST
    scale[scale == 0] = 1  # a row of zeros
    return np.round(weights / scale).astype(np.int8), scale


@torch.no_grad()
def round_weights(model: nn.Module) -> None:
    """Put every matrix and kernel of a network where `to_int8` has it, a scale an output.

    Biases, gains and decays stay as they are: there are few of them.

    Args:
        model: On the CPU; changed in place.
    """
    for parameter in matrices(model).values():
        integers, scale = to_int8(parameter.numpy(), tuple(range(1, parameter.ndim)))
        parameter.copy_(torch.from_numpy(integers * scale))
