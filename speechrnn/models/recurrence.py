"""Recurrences over time with their gradients written out, for the CPU.

There, torch's own GRU, LSTM and RNN leave the gradient to autograd, step by step: each slice of
time adds a tensor of zeros as long as all of time. Here a step is a product with the state and a
few operations on what is in the cache, and the weights' gradients are one product over all steps.
Graves 2012, "Supervised Sequence Labelling with Recurrent Neural Networks", section 3.1.4.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

_tanh_backward = torch.ops.aten.tanh_backward.grad_input
_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_relu_backward = torch.ops.aten.threshold_backward.grad_input


def run(
    cell: str, x: Tensor, start: tuple[Tensor, ...], weights: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """Run a recurrence over every direction at once, each forward in time.

    Args:
        cell: gru, lstm, rnn_tanh or rnn_relu.
        x: (D, T, B, I) input frames as each of D directions reads them.
        start: (D, B, H) what each direction starts from; of an LSTM hidden and cell state.
        weights: (D, G, I) of the input, (D, G, H) of the state, (D, G) biases of either; the G
            rows as torch orders the gates.

    Returns:
        (D, T, B, H) the hidden state after each frame, and an LSTM's cell state.
    """
    of_input, of_state, input_bias, state_bias = weights
    if cell == "gru":  # the reset gate also closes the candidate's second bias
        size = of_state.shape[2]
        bias = input_bias + torch.nn.functional.pad(state_bias[:, : 2 * size], (0, size))
        gates = _project(x, of_input, bias)
        hidden: Tensor = _Gru.apply(gates, start[0], of_state, state_bias[:, None, 2 * size :])
        return (hidden,)
    gates = _project(x, of_input, input_bias + state_bias)
    if cell == "lstm":
        both: tuple[Tensor, Tensor] = _Lstm.apply(gates, *start, of_state)
        return both
    hidden = _Rnn.apply(gates, start[0], of_state, cell == "rnn_relu")
    return (hidden,)


def _project(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """(D, T, B, G) what the input adds to the gates."""
    flat = torch.baddbmm(bias[:, None], x.flatten(1, 2), weight.transpose(1, 2))
    return flat.unflatten(1, x.shape[1:3])


def _with_start(start: Tensor, steps: int) -> Tensor:
    """(D, T + 1, B, H) room for a state before and after each of T steps, the first filled in."""
    states = start.new_empty(start.shape[0], steps + 1, *start.shape[1:])
    states[:, 0] = start
    return states


def _state_gradient(gates: Tensor, states: Tensor) -> Tensor:
    """(D, G, H) gradient of the weights between (D, T, B, H) states and (D, T, B, G) gates."""
    return torch.bmm(gates.flatten(1, 2).transpose(1, 2), states.flatten(1, 2))


_float32 = torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)


class _Gru(Function):
    """Cho et al. 2014 (arXiv 1406.1078), the reset gate behind the product as in cuDNN."""

    @staticmethod
    @_float32
    def forward(ctx: Any, gates: Tensor, start: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        size = start.shape[2]
        hidden = _with_start(start, gates.shape[1])
        opened = torch.empty_like(gates[..., : 2 * size], memory_format=torch.contiguous_format)
        recalled, candidate = (torch.empty_like(hidden[:, 1:]) for _ in range(2))
        gate_weight, weight_of_candidate = weight.transpose(1, 2).split([2 * size, size], dim=2)
        for t in range(gates.shape[1]):
            before, both, new = hidden[:, t], opened[:, t], candidate[:, t]
            torch.baddbmm(gates[:, t, :, : 2 * size], before, gate_weight, out=both)
            torch.baddbmm(bias, before, weight_of_candidate, out=recalled[:, t])
            reset, update = both.sigmoid_().chunk(2, dim=2)
            torch.addcmul(gates[:, t, :, 2 * size :], reset, recalled[:, t], out=new)
            torch.lerp(new.tanh_(), before, update, out=hidden[:, t + 1])
        ctx.save_for_backward(hidden, opened, recalled, candidate, weight)
        return hidden[:, 1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, out_grad: Tensor) -> tuple[Tensor, ...]:
        hidden, opened, recalled, candidate, weight = ctx.saved_tensors
        size = hidden.shape[3]
        gate_grad = opened.new_empty(*opened.shape[:3], 3 * size)
        recalled_grad = torch.empty_like(recalled)
        gate_weight, weight_of_candidate = weight.split([2 * size, size], dim=1)
        state_grad = torch.zeros_like(hidden[:, 0])
        part = torch.empty_like(state_grad)
        for t in reversed(range(opened.shape[1])):
            before, new = hidden[:, t], candidate[:, t]
            reset, update = opened[:, t].chunk(2, dim=2)
            reset_grad, update_grad, new_grad = gate_grad[:, t].chunk(3, dim=2)
            state_grad += out_grad[:, t]
            torch.sub(before, new, out=part)
            _sigmoid_backward(part.mul_(state_grad), update, grad_input=update_grad)
            torch.mul(state_grad, update, out=part)
            _tanh_backward(state_grad.sub_(part), new, grad_input=new_grad)
            torch.mul(new_grad, reset, out=recalled_grad[:, t])
            torch.mul(new_grad, recalled[:, t], out=state_grad)
            _sigmoid_backward(state_grad, reset, grad_input=reset_grad)
            torch.baddbmm(part, gate_grad[:, t, :, : 2 * size], gate_weight, out=state_grad)
            state_grad.baddbmm_(recalled_grad[:, t], weight_of_candidate)
        states = hidden[:, :-1]
        weight_grad = [
            _state_gradient(grad, states) for grad in (gate_grad[..., : 2 * size], recalled_grad)
        ]
        bias_grad = recalled_grad.sum((1, 2))[:, None]
        return gate_grad, state_grad, torch.cat(weight_grad, dim=1), bias_grad


class _Lstm(Function):
    """Gers et al. 2000, "Learning to forget" (Neural Computation 12)."""

    @staticmethod
    @_float32
    def forward(
        ctx: Any, gates: Tensor, start: Tensor, cell_start: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor]:
        size = start.shape[2]
        hidden, cell = (_with_start(first, gates.shape[1]) for first in (start, cell_start))
        squashed = torch.empty_like(cell[:, 1:])
        opened = torch.empty_like(gates)
        for t in range(gates.shape[1]):
            all_gates, kept = opened[:, t], cell[:, t + 1]
            torch.baddbmm(gates[:, t], hidden[:, t], weight.transpose(1, 2), out=all_gates)
            all_gates[..., : 2 * size].sigmoid_()
            let_in, forget, new, let_out = all_gates.chunk(4, dim=2)
            torch.mul(forget, cell[:, t], out=kept).addcmul_(let_in, new.tanh_())
            torch.tanh(kept, out=squashed[:, t])
            torch.mul(let_out.sigmoid_(), squashed[:, t], out=hidden[:, t + 1])
        ctx.save_for_backward(hidden, cell, squashed, opened, weight)
        return hidden[:, 1:], cell[:, 1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, out_grad: Tensor, cell_out_grad: Tensor) -> tuple[Tensor, ...]:
        hidden, cell, squashed, opened, weight = ctx.saved_tensors
        gate_grad = torch.empty_like(opened)
        state_grad, cell_grad = (torch.zeros_like(hidden[:, 0]) for _ in range(2))
        part = torch.empty_like(state_grad)
        for t in reversed(range(opened.shape[1])):
            let_in, forget, new, let_out = opened[:, t].chunk(4, dim=2)
            in_grad, forget_grad, new_grad, let_out_grad = gate_grad[:, t].chunk(4, dim=2)
            state_grad += out_grad[:, t]
            cell_grad += cell_out_grad[:, t]
            torch.mul(state_grad, squashed[:, t], out=part)
            _sigmoid_backward(part, let_out, grad_input=let_out_grad)
            _tanh_backward(state_grad.mul_(let_out), squashed[:, t], grad_input=part)
            cell_grad += part
            _sigmoid_backward(torch.mul(cell_grad, new, out=part), let_in, grad_input=in_grad)
            _tanh_backward(torch.mul(cell_grad, let_in, out=part), new, grad_input=new_grad)
            torch.mul(cell_grad, cell[:, t], out=part)
            _sigmoid_backward(part, forget, grad_input=forget_grad)
            cell_grad *= forget
            torch.bmm(gate_grad[:, t], weight, out=state_grad)
        return gate_grad, state_grad, cell_grad, _state_gradient(gate_grad, hidden[:, :-1])


class _Rnn(Function):
    """Elman 1990, "Finding structure in time" (Cognitive Science 14), with tanh or ReLU."""

    @staticmethod
    @_float32
    def forward(ctx: Any, gates: Tensor, start: Tensor, weight: Tensor, relu: bool) -> Tensor:
        hidden = _with_start(start, gates.shape[1])
        for t in range(gates.shape[1]):
            now = hidden[:, t + 1]
            torch.baddbmm(gates[:, t], hidden[:, t], weight.transpose(1, 2), out=now)
            now.relu_() if relu else now.tanh_()
        ctx.save_for_backward(hidden, weight)
        ctx.relu = relu
        return hidden[:, 1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, out_grad: Tensor) -> tuple[Tensor | None, ...]:
        hidden, weight = ctx.saved_tensors
        gate_grad = torch.empty_like(hidden[:, 1:])
        state_grad = torch.zeros_like(hidden[:, 0])
        for t in reversed(range(gate_grad.shape[1])):
            grad, now = gate_grad[:, t], hidden[:, t + 1]
            state_grad += out_grad[:, t]
            if ctx.relu:
                _relu_backward(state_grad, now, 0, grad_input=grad)
            else:
                _tanh_backward(state_grad, now, grad_input=grad)
            torch.bmm(grad, weight, out=state_grad)
        return gate_grad, state_grad, _state_gradient(gate_grad, hidden[:, :-1]), None
