"""The front end as ONNX nodes: framing, spectrum, log-mel or MFCC, deltas, normalisation."""

from __future__ import annotations
import math
import numpy as np

from speechrnn.export.graph import GraphBuilder
from speechrnn.features.front_end import FrontEnd


def add_front_end(
    g: GraphBuilder, front_end: FrontEnd, wave: str, peak: str | None
) -> tuple[str, str]:
    c = front_end.config
    matrix = front_end.frame_matrix().numpy()
    mel = front_end.mel.numpy()
    used = np.flatnonzero(mel.any(axis=1))
    bins = len(mel)
    analysis = np.concatenate([matrix[:, used], matrix[:, bins + used]], axis=1)
    x = g.node("Unsqueeze", wave, g.ints(1))
    x = g.node("Conv", x, g.constant(analysis.T[:, None]), strides=[c.hop_samples])
    x = g.node("Mul", x, x)
    x = g.node("MatMul", g.constant(np.concatenate([mel[used].T] * 2, 1)), x)
    x = g.node("Log", g.node("Add", x, g.constant(1e-10)))
    peaks = ""
    if peak is not None:
        d = c.peak_decay_db_s * math.log(10) / 10 * c.hop_ms / 1000
        m = g.node("ReduceMax", x, axes=[1], keepdims=1)  # B 1 T
        t = g.node(
            "Cast",
            g.node("Range", g.scalar(0), g.node("Squeeze", g.size(x, 2), g.ints(0)), g.scalar(1)),
            to=1,
        )
        ramp = g.node("Mul", t, g.constant(d))
        m = g.node("Add", m, ramp)
        for dil in (1, 128):
            if dil>1: m=g.node("Pad",m,g.ints(0,0,127*dil,0,0,0),g.constant(-np.inf))
            m=g.node("MaxPool",m,kernel_shape=[128],dilations=[dil],pads=[127*(dil==1),0])
        p = g.node("Unsqueeze", g.node("Sub", peak, g.constant(d)), g.ints(1, 2))
        pk = g.node("Sub", g.node("Max", m, p), ramp)
        x = g.node("Max", x, g.node("Sub", pk, g.constant(c.floor_db * math.log(10) / 10)))
        peaks = g.node("Squeeze", pk, g.ints(1))
    A = front_end.dct.numpy().T if c.kind == "mfcc" else np.eye(c.n_mels)
    taps = 1 + 4 * c.deltas
    D = np.array([-2, -1, 0, 1, 2]) / 10.0
    ks = [np.eye(1)[0]]
    for _ in range(c.deltas):
        ks.append(np.convolve(ks[-1], D))
    W = []
    for k in ks:
        kk = np.zeros(taps)
        o = (taps - len(k)) // 2
        kk[o : o + len(k)] = k
        W.append(A[:, :, None] * kk)
    W = np.concatenate(W) / front_end.std.numpy()[:, None, None]
    x = g.node("Conv", x, g.constant(W), g.constant(-(front_end.mean / front_end.std).numpy()))
    return x, peaks
