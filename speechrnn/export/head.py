"""The classification head and its window over past frames as ONNX nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto
from torch import nn

from speechrnn.export.graph import GraphBuilder
from speechrnn.export.spans import Spans
from speechrnn.export.weights import add_weights
from speechrnn.models.head import ClassificationHead
from speechrnn.models.pooling import AttentionPool, MultiHeadPool


@dataclass(frozen=True)
class PoolWindow:
    """Names of what a pooling head looks at.

    Attributes:
        frames: (B, P + T, D) frames kept from before and those of this call, all finite.
        starts: (B, 1) first valid frame, int64.
        stops: (B, 1) frame behind the last valid one, int64.
        commits: (B, 1) frame behind the last committed one, int64.
    """

    frames: str
    starts: str
    stops: str
    commits: str


def add_window(g: GraphBuilder, hidden: str, spans: Spans, pool: str, pool_lens: str) -> PoolWindow:
    """Join the frames kept from before with those of this call.

    Args:
        g: The graph.
        hidden: (B, T, D) frames of this call.
        spans: Frame counts.
        pool: (B, P, D) frames kept, right-aligned.
        pool_lens: (B) how many of them are valid.
    """
    frames = g.node("Concat", pool, hidden, axis=1)
    kept = g.size(pool, 1)
    before = g.node("Unsqueeze", pool_lens, g.ints(1))
    return PoolWindow(
        frames,
        starts=g.node("Sub", kept, before),
        stops=g.node("Add", kept, spans.lens),
        commits=g.node("Add", kept, spans.commit),
    )


def add_log_probs(g: GraphBuilder, output: nn.Linear, vectors: str) -> str:
    """(..., V) log-probabilities of single frames or of pooled ones.

    Args:
        g: The graph.
        output: The trained output layer.
        vectors: (..., D) hidden or pooled frames.
    """
    weight = add_weights(g, output.weight.detach().numpy().T, (0,))
    bias = g.constant(output.bias.detach().numpy())
    logits = g.node("Add", g.node("MatMul", vectors, weight), bias)
    return g.node("LogSoftmax", logits, axis=-1)


def add_pooled(g: GraphBuilder, head: ClassificationHead, window: PoolWindow) -> str:
    """(B, D) one vector for all valid frames of the window.

    Args:
        g: The graph.
        head: The trained head.
        window: What to pool.
    """
    if head.pooling == "last":
        return _add_last(g, head, window)
    inside = _add_inside(g, window)  # (B, P + T)
    if head.pooling == "max":
        inside = g.node("Unsqueeze", inside, g.ints(2))
        masked = g.node("Where", inside, window.frames, g.constant(-np.inf))
        return g.node("ReduceMax", masked, axes=[1], keepdims=0)
    inside = g.node("Unsqueeze", inside, g.ints(1))
    if head.pooling == "attention":
        scores = _add_attention_scores(g, head.attention, window.frames)
        return _add_weighted(g, scores, head, window, inside)
    if head.pooling == "multihead":
        scores = _add_multihead_scores(g, head.multihead, window)
        return _add_weighted(g, scores, head, window, inside)
    ones = g.node("Cast", inside, to=TensorProto.FLOAT)
    total = g.node("Squeeze", g.node("MatMul", ones, window.frames), g.ints(1))
    count = g.node("Sub", window.stops, window.starts)
    return g.node("Div", total, g.node("Cast", count, to=TensorProto.FLOAT))


def add_next_pool(g: GraphBuilder, window: PoolWindow, pool_frames: int) -> str:
    """(B, P', D) the last committed frames, right-aligned, at most `pool_frames`.

    Args:
        g: The graph.
        window: Frames kept and new.
        pool_frames: How many frames a stream keeps.
    """
    size = g.node("Min", g.size(window.frames, 1), g.ints(pool_frames))
    size = g.node("Squeeze", size, g.ints(0))
    back = g.node("Range", g.node("Neg", size), g.scalar(0), g.scalar(1))  # -P' ... -1
    places = g.node("Max", g.node("Add", window.commits, back), g.scalar(0))
    places = g.node("Unsqueeze", places, g.ints(2))  # (B, P', 1)
    return g.node("GatherND", window.frames, places, batch_dims=1)


def _add_last(g: GraphBuilder, head: ClassificationHead, window: PoolWindow) -> str:
    last = g.node("Sub", window.stops, g.scalar(1))
    forward = g.node("GatherND", window.frames, last, batch_dims=1)
    if head.output.in_features == head.forward_size:
        return forward
    backward = g.node("GatherND", window.frames, window.starts, batch_dims=1)
    size = head.forward_size
    forward = g.node("Slice", forward, g.ints(0), g.ints(size), g.ints(1))
    backward = g.node("Slice", backward, g.ints(size), g.ints(2 * size), g.ints(1))
    return g.node("Concat", forward, backward, axis=1)


def _add_inside(g: GraphBuilder, window: PoolWindow) -> str:
    """(B, P + T) which frames take part."""
    places = g.node("Range", g.scalar(0), g.length(window.frames, 1), g.scalar(1))
    begun = g.node("GreaterOrEqual", places, window.starts)
    return g.node("And", begun, g.node("Less", places, window.stops))


def _add_attention_scores(g: GraphBuilder, pool: AttentionPool, frames: str) -> str:
    """(B, N, P + T) how much each head makes of each frame."""
    score = add_weights(g, pool.score.weight.detach().numpy().T, (0,))
    return g.node("Transpose", g.node("MatMul", frames, score), perm=[0, 2, 1])


def _add_multihead_scores(g: GraphBuilder, pool: MultiHeadPool, window: PoolWindow) -> str:
    """(B, N, P + T) how well each frame goes with the middle one, for each head."""
    middle = g.node("Div", g.node("Add", window.starts, window.stops), g.scalar(2))
    middle = g.node("GatherND", window.frames, middle, batch_dims=1)  # (B, D)
    query, key = pool.query, pool.key.weight.detach().numpy()
    size = len(key) // pool.heads
    asked = g.node("MatMul", middle, add_weights(g, query.weight.detach().numpy().T, (0,)))
    asked = g.node("Add", asked, g.constant(query.bias.detach().numpy()))
    asked = g.node("Reshape", asked, g.ints(0, pool.heads, 1, size))
    keys = add_weights(g, key.reshape(pool.heads, size, -1) / np.sqrt(size))  # (N, D/N, D)
    wanted = g.node("Squeeze", g.node("MatMul", asked, keys), g.ints(2))  # (B, N, D)
    return g.node("MatMul", wanted, g.node("Transpose", window.frames, perm=[0, 2, 1]))


def _add_weighted(
    g: GraphBuilder, scores: str, head: ClassificationHead, window: PoolWindow, inside: str
) -> str:
    """(B, D) frames weighted by a softmax of (B, N, P + T) scores, each head its own share."""
    scores = g.node("Where", inside, scores, g.constant(-np.inf))
    pooled = g.node("MatMul", g.node("Softmax", scores, axis=2), window.frames)  # (B, N, D)
    heads, size = head.heads, head.output.in_features
    owned = g.node("Mul", pooled, g.constant(np.kron(np.eye(heads), np.ones(size // heads))))
    return g.node("ReduceSum", owned, g.ints(1), keepdims=0)
