"""Both directions of time side by side, whatever the lengths of the utterances."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable


class Reversal:
    """Turns every utterance of a batch around, padding left where it is.

    Turning twice changes nothing, so that the gradient goes the same way.
    """

    def __init__(self, lens: Tensor, num_frames: int) -> None:
        """Set up.

        Args:
            lens: (B) valid frames, int64.
            num_frames: T, frames with padding.
        """
        places = torch.arange(num_frames, device=lens.device)[:, None]
        turned = torch.where(places < lens, lens - 1 - places, places)
        self._order = (turned * len(lens) + torch.arange(len(lens), device=lens.device)).flatten()

    def split(self, x: Tensor) -> Tensor:
        """(2, T, B, I) frames forward and backward in time, of (B, T, I) frames."""
        split: Tensor = _Split.apply(x, self._order)
        return split

    def join(self, hidden: Tensor) -> Tensor:
        """(B, T, 2H) what both directions make of a frame, of (2, T, B, H) as they read it."""
        joined: Tensor = _Join.apply(hidden, self._order)
        return joined


class _Split(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, order: Tensor) -> Tensor:
        ctx.save_for_backward(order)
        frames = x.transpose(0, 1)
        out = x.new_empty(2, *frames.shape)
        out[0] = frames
        torch.index_select(out[0].flatten(0, 1), 0, order, out=out[1].flatten(0, 1))
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (order,) = ctx.saved_tensors
        turned = grad[1].flatten(0, 1).index_select(0, order).view_as(grad[1])
        return turned.add_(grad[0]).transpose(0, 1), None


class _Join(Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, order: Tensor) -> Tensor:
        ctx.save_for_backward(order)
        size = hidden.shape[3]
        out = hidden.new_empty(*hidden.shape[1:3], 2 * size)  # time first: so the next layer reads
        out[..., :size] = hidden[0]
        out[..., size:] = hidden[1].flatten(0, 1).index_select(0, order).view_as(hidden[1])
        return out.transpose(0, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (order,) = ctx.saved_tensors
        forward, backward = grad.transpose(0, 1).chunk(2, dim=2)
        out = grad.new_empty(2, *forward.shape)
        out[0] = forward
        torch.index_select(backward.flatten(0, 1), 0, order, out=out[1].flatten(0, 1))
        return out, None
