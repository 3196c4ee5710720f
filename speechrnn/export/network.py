"""The whole model as one ONNX graph, from waveform to log-probabilities."""

from __future__ import annotations

import math
from typing import cast

from torch import nn

from speechrnn.export.front_end import add_front_end
from speechrnn.export.graph import GraphBuilder
from speechrnn.export.head import add_log_probs, add_next_pool, add_pooled, add_window
from speechrnn.export.recurrent import add_layer
from speechrnn.export.spans import Spans, add_spans
from speechrnn.export.states import state_specs
from speechrnn.export.weights import add_weights
from speechrnn.models.average import AnyModel, prefixed
from speechrnn.models.command import CommandModel
from speechrnn.models.convolution import ConvolutionStack
from speechrnn.models.encoder import RecurrentEncoder
from speechrnn.models.feedforward import FeedforwardLayer
from speechrnn.models.linear_recurrent import LinearRecurrentLayer
from speechrnn.models.recurrent import RecurrentLayer


def build_graph(model: AnyModel, int8: bool = False) -> GraphBuilder:
    """The model's graph, with the interface of `CommandModel.forward`.

    Args:
        model: On the CPU, in float32.
        int8: Store its weights as 8-bit integers.
    """
    g = GraphBuilder(int8=int8)
    wave = g.input("wave", "float32", ["B", "S"])
    wave_lens = g.input("wave_lens", "int64", ["B"])
    commit = g.input("commit", "int64", ["B"])
    specs = state_specs(model)
    for spec in specs:
        g.input(spec.name, spec.dtype, spec.shape)
    spans = add_spans(g, wave_lens, commit, model.grid)
    frames: list[str] = []
    clips: list[str] = []
    next_states: dict[str, str] = {}
    for prefix, member in prefixed(model):
        its_frames, its_clip, its_states = _add_member(g, member, prefix, wave, commit, spans)
        frames.append(its_frames)
        clips += its_clip
        next_states |= its_states
    g.output("log_probs", _add_mean(g, frames), "float32", ["B", "T", len(model.symbols)])
    if clips:
        g.output("clip_log_probs", _add_mean(g, clips), "float32", ["B", len(model.vocabulary)])
    for spec in specs:
        shape = [f"next_{size}" if size == "P" else size for size in spec.shape]
        g.output(f"next_{spec.name}", next_states[spec.name], spec.dtype, shape)
    return g


def _add_member(
    g: GraphBuilder, model: CommandModel, prefix: str, wave: str, commit: str, spans: Spans
) -> tuple[str, list[str], dict[str, str]]:
    """Log-probabilities of frames, those of a clip if it has a head for them, and next states."""
    peak, pool, pool_lens = (prefix + name for name in ("peak", "pool", "pool_lens"))
    x, peaks = add_front_end(g, model.front_end, wave, peak)
    x = _add_convolutions(g, model.convolutions, x)
    hidden, next_states = _add_encoder(g, model.encoder, x, spans, prefix)
    log_probs, clips = add_log_probs(g, model.frame_output, hidden), []
    if model.head is not None:
        window = add_window(g, hidden, spans, pool, pool_lens)
        clips = [add_log_probs(g, model.head.output, add_pooled(g, model.head, window))]
        next_states[pool] = add_next_pool(g, window, model.pool_frames)
        kept = g.node("Add", pool_lens, commit)
        next_states[pool_lens] = g.node("Min", kept, g.scalar(model.pool_frames))
    if peaks:
        stride = model.grid.hop_samples // model.front_end.grid.hop_samples
        next_states[peak] = _add_next_peak(g, spans, peaks, peak, stride)
    return log_probs, clips, next_states


def _add_mean(g: GraphBuilder, log_probs: list[str]) -> str:
    """The logarithm of the mean probability."""
    if len(log_probs) == 1:
        return log_probs[0]
    stacked = g.node("Concat", *(g.node("Unsqueeze", it, g.ints(0)) for it in log_probs), axis=0)
    total = g.node("ReduceLogSumExp", stacked, axes=[0], keepdims=0)
    return g.node("Sub", total, g.constant(math.log(len(log_probs))))


def _add_convolutions(g: GraphBuilder, stack: ConvolutionStack, x: str) -> str:
    """(B, C, T') frames from (B, F, T) ones."""
    over_bands = False
    for config, module, picture in zip(
        stack.configs, stack.convolutions, stack.pictures, strict=False
    ):
        convolution = cast(nn.Conv1d | nn.Conv2d, module)
        if config.bands and not over_bands:
            x = g.node("Reshape", x, g.ints(0, *picture, -1))
        elif over_bands and not config.bands:
            x = g.node("Reshape", x, g.ints(0, math.prod(picture), -1))
        over_bands = config.bands is not None
        kernel = convolution.weight.detach().numpy()
        inputs = [add_weights(g, kernel, tuple(range(1, kernel.ndim)))]
        if convolution.bias is not None:
            inputs.append(g.constant(convolution.bias.detach().numpy()))
        pads = [*convolution.padding, *convolution.padding]
        x = g.node("Conv", x, *inputs, strides=list(convolution.stride), pads=pads)
        x = g.node("Relu", x)
    return g.node("Reshape", x, g.ints(0, stack.output_size, -1)) if over_bands else x


def _add_encoder(
    g: GraphBuilder, encoder: RecurrentEncoder, x: str, spans: Spans, prefix: str
) -> tuple[str, dict[str, str]]:
    """(B, T, D) hidden frames from (B, C, T) ones, and the states after the committed ones."""
    if encoder.cell == "feedforward":
        return _add_feedforward(g, encoder, x, spans), {}
    last = g.node("Sub", spans.commit, g.scalar(1))  # -1 is the last frame of all; not used then
    index = g.node("Concat", last, g.node("Pad", spans.rows, g.ints(0, 1, 0, 0)), axis=1)
    next_states: dict[str, str] = {}
    x = g.node("Transpose", x, perm=[2, 0, 1])  # (T, B, C)
    for i, (module, norm) in enumerate(zip(encoder.layers, encoder.norms, strict=True)):
        x = _add_projection(g, encoder.projections[i], x)
        layer = cast(RecurrentLayer | LinearRecurrentLayer, module)
        names = [f"{prefix}rnn_{i}", f"{prefix}rnn_{i}_cell"][: len(layer.initial_state(1))]
        y, values = add_layer(g, layer, x, spans, index, names)
        next_states |= dict(zip(names, values, strict=True))
        top = i == len(encoder.layers) - 1
        y = g.node("Transpose", y, perm=[2, 0, 1, 3] if top else [0, 2, 1, 3])
        x = g.node("Reshape", y, g.ints(0, 0, layer.output_size))  # (B, T, D) or (T, B, D)
        x = _add_norm(g, norm, x)
    return x, next_states


def _add_feedforward(g: GraphBuilder, encoder: RecurrentEncoder, x: str, spans: Spans) -> str:
    """(B, T, D) hidden frames; what lies beyond the valid ones is made zero before."""
    x = g.node("Transpose", x, perm=[0, 2, 1])  # (B, T, C)
    places = g.node("Range", g.scalar(0), g.length(x, 1), g.scalar(1))
    inside = g.node("Less", places, spans.lens)
    x = g.node("Where", g.node("Unsqueeze", inside, g.ints(2)), x, g.constant(0.0))
    for projection, module, norm in zip(
        encoder.projections, encoder.layers, encoder.norms, strict=True
    ):
        x = _add_projection(g, projection, x)
        linear = cast(FeedforwardLayer, module).linear
        x = g.node("MatMul", x, add_weights(g, linear.weight.detach().numpy().T, (0,)))
        x = g.node("Relu", g.node("Add", x, g.constant(linear.bias.detach().numpy())))
        x = _add_norm(g, norm, x)
    return x


def _add_projection(g: GraphBuilder, projection: nn.Module, x: str) -> str:
    if not isinstance(projection, nn.Linear):
        return x
    return g.node("MatMul", x, add_weights(g, projection.weight.detach().numpy().T, (0,)))


def _add_norm(g: GraphBuilder, norm: nn.Module, x: str) -> str:
    if not isinstance(norm, nn.LayerNorm):
        return x
    weight, bias = (g.constant(p.detach().numpy()) for p in (norm.weight, norm.bias))
    return g.node("LayerNormalization", x, weight, bias, epsilon=norm.eps)


def _add_next_peak(g: GraphBuilder, spans: Spans, peaks: str, before: str, stride: int) -> str:
    """(B) the running peak at the last base frame that belongs to a committed frame."""
    last = g.node("Sub", g.node("Mul", spans.commit, g.scalar(stride)), g.scalar(1))
    peak = g.node("GatherND", peaks, last, batch_dims=1)
    some = g.node("Squeeze", spans.some, g.ints(1))
    return g.node("Where", some, peak, before)
