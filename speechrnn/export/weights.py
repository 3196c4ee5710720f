"""Trained weights as ONNX nodes: stored small, float32 where they are used.

What makes float32 weights out of stored ones has constants for inputs only, so onnxruntime works
it out once, when it loads the file. A DequantizeLinear it would run anew in every call.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from speechrnn.export.graph import GraphBuilder
from speechrnn.export.rounding import to_int8

_NODE_BYTES = 1000  # about what the nodes take that unpack a tensor
_PLACES = [128, 64, 32, 16, 8, 4, 2, 1]


def add_weights(g: GraphBuilder, value: np.ndarray, axes: tuple[int, ...] = (-1,)) -> str:
    """The name of trained weights.

    Args:
        g: The graph; says whether they are stored as 8-bit integers.
        value: The weights.
        axes: Along which integers share a scale.
    """
    if not g.int8:
        return add_stored(g, np.asarray(value, np.float32))
    integers, scale = to_int8(value, axes)
    whole = g.node("Cast", add_stored(g, integers), to=TensorProto.FLOAT)
    return g.node("Mul", whole, g.constant(scale))


def add_stored(g: GraphBuilder, value: np.ndarray) -> str:
    """The name of a constant of many numbers, whose zeros may take a bit each.

    Args:
        g: The graph.
        value: Stored as it is, or where that is smaller as a bit for each number and those that
            are not zero.
    """
    dtype = str(value.dtype)
    there = value.ravel() != 0
    bits, numbers = np.packbits(there), value.ravel()[there]
    if bits.nbytes + numbers.nbytes + _NODE_BYTES > value.nbytes:
        return g.constant(value, dtype)
    octets = g.node("Cast", g.constant(bits[:, None], "uint8"), to=TensorProto.INT32)
    shifted = g.node("Div", octets, g.constant(_PLACES, "int32"))
    flags = g.node("Mod", shifted, g.constant(2, "int32"))  # (N / 8, 8)
    flags = g.node("Slice", g.node("Reshape", flags, g.ints(-1)), g.ints(0), g.ints(value.size))
    count = g.node("CumSum", flags, g.scalar(0))  # of numbers up to each place
    table = g.constant(np.concatenate([np.zeros(1, value.dtype), numbers]), dtype)
    dense = g.node("Gather", table, g.node("Mul", flags, count))
    return g.node("Reshape", dense, g.ints(*value.shape))
