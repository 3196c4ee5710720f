"""Does arithmetic on 8-bit integers make a recurrent network faster on this CPU?

Single operators of onnxruntime, in the sizes that this library's networks have: in float32, and on
integers where there is such an operator. One thread, medians of CPU time over blocks of runs taken
in turn. An operator that works on integers also rounds its inputs, by a scale that depends on all
that it is given: `window` is how far the first frames move when the window ends elsewhere, which
moves nothing in float32, so that a stream equals the whole recording.

Usage: python scripts/benchmarks/integers.py
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

BLOCKS, RUNS = 41, 20
CONTRIB = "com.microsoft"
FRAMES, UNITS = 25, 128

Node = onnx.NodeProto
Ways = dict[str, ort.InferenceSession]
RANDOM = np.random.default_rng(0)


def main() -> None:
    """Measure and print."""
    for size in (96, 256):
        report(f"MatMul ({FRAMES}, {size}) (., {6 * UNITS})", matmul(size), (FRAMES, size))
    for channels, bands in ((1, 40), (32, 20)):
        shape = (1, channels, bands, 51)
        report(f"Conv {channels} to 32 planes, {bands} bands", convolution(channels), shape)
    for units, size in ((UNITS, 256), (48, 96)):
        name = f"bidirectional LSTM of {units} units on {size}"
        report(name, lstm(units, size), (FRAMES, 1, size))
    report(f"bidirectional GRU of {UNITS} units on 256", gru(256), (FRAMES, 1, 256))


def report(name: str, ways: Ways, shape: tuple[int, ...]) -> None:
    """Time ways to compute the same, and see how far they are apart."""
    x = random_floats(*shape)
    times_us: dict[str, list[float]] = {way: [] for way in ways}
    for block in range(-1, BLOCKS):
        for way, session in ways.items():
            began = time.process_time()
            for _ in range(RUNS):
                session.run(None, {"x": x})
            if block >= 0:  # the first warms up
                times_us[way].append(1e6 * (time.process_time() - began) / RUNS)
    print(name)
    first = next(iter(ways.values())).run(None, {"x": x})[0]
    for way, session in ways.items():
        y = session.run(None, {"x": x})[0]
        line = f"  {way:18s} {statistics.median(times_us[way]):7.0f} us"
        line += f"   differs by {np.abs(y.reshape(first.shape) - first).max():.1e}"
        if len(shape) < 4:  # frames come first
            louder = np.concatenate([x, 3 * x])
            part = session.run(None, {"x": louder})[0]
            forward = (slice(0, len(x)), 0) if part.ndim > 2 else (slice(0, len(x)),)
            line += f"   window {np.abs(part[forward] - y[forward]).max():.1e}"
        print(line)


def matmul(size: int) -> Ways:
    """The input of both directions' gates, all frames at once."""
    weights = random_floats(size, 6 * UNITS)
    whole, scale = rounded(weights, 0)
    return {
        "float32": session([node("MatMul", "x", "w", out="y")], {"w": weights}, 2),
        "int8": session(
            [node("DynamicQuantizeMatMul", "x", "w", "s", out="y", domain=CONTRIB)],
            {"w": whole, "s": scale[0]},
            2,
        ),
    }


def convolution(channels: int) -> Ways:
    """A convolution over bands and time; scales are found in each call, or in advance."""
    weights = random_floats(32, channels, 3, 3)
    whole, scale = rounded(weights.reshape(32, -1), 1)
    constants = {"w": whole.reshape(weights.shape), "s": scale.reshape(1, -1, 1, 1)}
    how = {"strides": [2, 2], "pads": [1, 0, 1, 0]}
    dynamic = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "qs", "qz"]),
        node("ConvInteger", "q", "w", "qz", out="i", **how),
        node("Cast", "i", out="f", to=TensorProto.FLOAT),
        node("Mul", "qs", "s", out="m"),
        node("Mul", "f", "m", out="y"),
    ]
    static = [
        node("QuantizeLinear", "x", "qs", "qz", out="q"),
        node("QLinearConv", "q", "qs", "qz", "w", "s", "z", "ys", "yz", out="p", **how),
        node("DequantizeLinear", "p", "ys", "yz", out="y"),
    ]
    levels = {
        "qs": np.float32(0.004), "qz": np.uint8(128),
        "ys": np.float32(0.005), "yz": np.uint8(128),
    }  # fmt: skip
    fixed = {**constants, **levels, "s": scale.ravel(), "z": np.zeros(32, np.int8)}
    return {
        "float32": session([node("Conv", "x", "w", out="y", **how)], {"w": weights}, 4),
        "int8, in each call": session(dynamic, constants, 4),
        "int8, in advance": session(static, fixed, 4),
    }


def lstm(units: int, size: int) -> Ways:
    """The one recurrent operator that onnxruntime has for integers."""
    inputs, states = random_floats(2, size, 4 * units), random_floats(2, units, 4 * units)
    constants = {"w": inputs.swapaxes(1, 2), "r": states.swapaxes(1, 2)}
    whole_w, scale_w = rounded(inputs, 1)
    whole_r, scale_r = rounded(states, 1)
    integers = {"w": whole_w, "ws": scale_w[:, 0], "r": whole_r, "rs": scale_r[:, 0]}
    integers |= {"z": np.zeros((2, 4 * units), np.int8)}
    how: dict[str, Any] = {"hidden_size": units, "direction": "bidirectional"}
    names = ("x", "w", "r", "", "", "", "", "", "ws", "z", "rs", "z")
    quantised = node("DynamicQuantizeLSTM", *names, out="y", domain=CONTRIB, **how)
    return {
        "float32": session([node("LSTM", "x", "w", "r", out="y", **how)], constants, 3),
        "int8": session([quantised], integers, 3),
    }


def gru(size: int) -> Ways:
    """No operator for integers: a scan around what there is for products, a direction each."""
    inputs, states = random_floats(2, size, 3 * UNITS), random_floats(2, UNITS, 3 * UNITS)
    how: dict[str, Any] = {"hidden_size": UNITS, "direction": "bidirectional"}
    plain = node("GRU", "x", "w", "r", out="y", linear_before_reset=1, **how)
    constants = {"w": inputs.swapaxes(1, 2), "r": states.swapaxes(1, 2)}
    return {
        "float32": session([plain], constants, 3),
        "float32, as a scan": session(*scans(inputs, states, False), 3),
        "int8, as a scan": session(*scans(inputs, states, True), 3),
    }


def scans(
    inputs: np.ndarray, states: np.ndarray, int8: bool
) -> tuple[list[Node], dict[str, np.ndarray]]:
    """Nodes and constants of a GRU, direction by direction."""
    nodes: list[Node] = []
    constants = {"zero": np.zeros((1, UNITS), np.float32)}
    for way in (0, 1):
        nodes += [product("x", f"w{way}", f"p{way}", constants, inputs[way], int8)]
        inner: dict[str, np.ndarray] = {"parts": np.full(3, UNITS)}
        body = [
            product("h", "r", "g", inner, states[way], int8),
            helper.make_node("Split", ["g", "parts"], ["gz", "gr", "gn"], axis=1),
            helper.make_node("Split", ["x_t", "parts"], ["xz", "xr", "xn"], axis=1),
            node("Add", "gz", "xz", out="az"),
            node("Add", "gr", "xr", out="ar"),
            node("Sigmoid", "az", out="z"),
            node("Sigmoid", "ar", out="r_t"),
            node("Mul", "r_t", "gn", out="rn"),
            node("Add", "rn", "xn", out="an"),
            node("Tanh", "an", out="n"),
            node("Sub", "h", "n", out="d"),
            node("Mul", "z", "d", out="zd"),
            node("Add", "zd", "n", out="next"),
            node("Identity", "next", out="frame"),
        ]
        values = [
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width])
                for name, width in its
            ]
            for its in ((("h", UNITS), ("x_t", 3 * UNITS)), (("next", UNITS), ("frame", UNITS)))
        ]
        graph = helper.make_graph(body, f"step{way}", *values, tensors(inner))
        places = {"scan_input_directions": [way], "scan_output_directions": [way]}
        outputs = [f"last{way}", f"y{way}"]
        inputs_of = ["zero", f"p{way}"]
        nodes.append(
            helper.make_node("Scan", inputs_of, outputs, body=graph, num_scan_inputs=1, **places)
        )
    return [*nodes, node("Concat", "y0", "y1", out="y", axis=1)], constants


def product(
    x: str, name: str, out: str, constants: dict[str, np.ndarray], weights: np.ndarray, int8: bool
) -> Node:
    """x times weights."""
    if not int8:
        constants[name] = weights
        return node("MatMul", x, name, out=out)
    constants[name], scale = rounded(weights, 0)
    constants[f"{name}_s"] = scale[0]
    return node("DynamicQuantizeMatMul", x, name, f"{name}_s", out=out, domain=CONTRIB)


def node(op: str, *inputs: str, out: str, **attributes: Any) -> Node:
    """One node of one output."""
    return helper.make_node(op, list(inputs), [out], **attributes)


def session(nodes: list[Node], constants: dict[str, np.ndarray], rank: int) -> ort.InferenceSession:
    """What computes y from x."""
    sizes = [f"size_{axis}" for axis in range(rank)]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, sizes)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "operator", [x], [y], tensors(constants))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(CONTRIB, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def tensors(constants: dict[str, np.ndarray]) -> list[onnx.TensorProto]:
    """Named constants."""
    return [
        numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)), name)
        for name, value in constants.items()
    ]


def random_floats(*shape: int) -> np.ndarray:
    """About as large as weights and hidden frames are."""
    return (0.1 * RANDOM.standard_normal(shape)).astype(np.float32)


def rounded(weights: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Integers, and scales along the other axes."""
    scale = np.abs(weights).max(axis, keepdims=True) / 127
    return np.round(weights / scale).astype(np.int8), scale.astype(np.float32)


if __name__ == "__main__":
    main()
