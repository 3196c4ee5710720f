"""The front end as ONNX nodes: mel spectrum, floor, cepstra, deltas, normalisation."""

from __future__ import annotations

import math

import numpy as np
import torch
from onnx import TensorProto

from speechrnn.export.graph import GraphBuilder
from speechrnn.export.spectrum import add_log_mel
from speechrnn.export.weights import add_stored
from speechrnn.features.deltas import append_deltas
from speechrnn.features.floor import Floor
from speechrnn.features.front_end import FrontEnd

# No level lies so far above another: a peak is forgotten once it has fallen by this much.
_FORGOTTEN_NATS = 100.0
_LONGEST_REACH = 512


def add_front_end(g: GraphBuilder, front_end: FrontEnd, wave: str, peak: str) -> tuple[str, str]:
    """The front end.

    Args:
        g: The graph.
        front_end: What to build.
        wave: (B, S) samples.
        peak: (B) running peak before the first frame; unused with an absolute floor.

    Returns:
        (B, F, T) features and (B, Tb) running peaks (an absolute floor: an empty name).
    """
    x = add_log_mel(g, front_end.spectrum, wave)
    lowest = g.constant(front_end.floor.lowest)
    if front_end.floor.kind == "absolute":
        peaks = ""
    else:
        tracks = _add_running_peak(g, front_end.floor, x, peak)  # (B, 1, Tb)
        peaks = g.node("Squeeze", tracks, g.ints(1))
        x = g.node("Sub", x, tracks)
    x = g.node("Max", x, lowest)
    weights, bias = _linear_part(front_end)
    return g.node("Conv", x, add_stored(g, weights), g.constant(bias)), peaks


def _add_running_peak(g: GraphBuilder, floor: Floor, log_mel: str, start: str) -> str:
    """(B, 1, T) running peaks.

    In p[t] + decay * t the decay vanishes and a running maximum remains: two maxima over windows,
    the second over every n-th result of the first. They reach back n * n frames, at most 262,144;
    with a decay of 0.02 dB a frame or more that is further than any peak is felt.
    """
    n = _LONGEST_REACH
    if floor.decay > 0:
        n = min(n, math.ceil(math.sqrt(_FORGOTTEN_NATS / floor.decay)))
    levels = g.node("ReduceMax", log_mel, axes=[1], keepdims=1)
    levels = g.node("Max", levels, g.constant(floor.least))
    levels = g.node("Cast", levels, to=TensorProto.DOUBLE)  # as in `running_peak`
    steps = g.node("Range", g.scalar(0), g.length(levels, 2), g.scalar(1))
    steps = g.node("Cast", steps, to=TensorProto.DOUBLE)
    raised = g.node("Mul", steps, g.constant(floor.decay, "float64"))
    tops = g.node("Add", levels, raised)
    tops = g.node("MaxPool", tops, kernel_shape=[n], pads=[n - 1, 0])
    pads = g.ints(0, 0, (n - 1) * n, 0, 0, 0)
    tops = g.node("Pad", tops, pads, g.constant(-np.inf, "float64"))
    tops = g.node("MaxPool", tops, kernel_shape=[n], dilations=[n])
    start = g.node("Cast", g.node("Unsqueeze", start, g.ints(1, 2)), to=TensorProto.DOUBLE)
    start = g.node("Sub", start, g.constant(floor.decay, "float64"))
    peaks = g.node("Sub", g.node("Max", tops, start), raised)
    return g.node("Cast", peaks, to=TensorProto.FLOAT)


def _linear_part(front_end: FrontEnd) -> tuple[np.ndarray, np.ndarray]:
    """Cepstra, deltas and normalisation as one convolution: (F, M, taps) weights and (F) bias."""
    config = front_end.config
    taps = 1 + config.deltas * (config.delta_kernel - 1)
    mels = torch.eye(config.n_mels, dtype=torch.float64)
    if front_end.cepstrum is not None:
        mels = mels @ front_end.cepstrum.double()  # (M, C)
    # What comes out for one unit of each band at the middle frame of 2 * taps - 1.
    impulses = torch.nn.functional.pad(mels[:, None], (0, 0, taps - 1, taps - 1))
    answers = append_deltas(impulses, config.deltas, config.delta_kernel)  # (M, taps, F)
    weights = answers.flip(1).permute(2, 0, 1)  # (F, M, taps)
    mean, std = front_end.mean.double(), front_end.std.double()
    return (weights / std[:, None, None]).float().numpy(), (-mean / std).numpy()
