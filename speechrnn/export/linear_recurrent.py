"""Linear recurrences as ONNX nodes: gates of all frames at once, then a scan."""

from __future__ import annotations

from typing import cast

from torch import nn
from torch.nn import functional

from speechrnn.export.graph import GraphBuilder
from speechrnn.export.weights import add_weights
from speechrnn.models.linear_recurrent import SHARPNESS, LinearRecurrentLayer


def add_linear_recurrence(
    g: GraphBuilder, layer: LinearRecurrentLayer, x: str, lens: str, start: str
) -> str:
    """(T, directions, B, H) outputs, zero beyond the valid frames.

    Args:
        g: The graph.
        layer: The trained layer.
        x: (T, B, I) input frames.
        lens: (B, 1) valid frames.
        start: (B, H) what the forward direction starts from.
    """
    places = g.node("Range", g.scalar(0), g.length(x, 0), g.scalar(1))
    inside = g.node("Less", g.node("Unsqueeze", places, g.ints(1, 2)), lens)  # (T, B, 1)
    outputs = []
    for direction in range(len(layer.gates)):
        parts = _add_coefficients(g, layer, direction, x)
        decay, added = (g.node("Where", inside, part, g.constant(0.0)) for part in parts)
        begin = start if direction == 0 else g.node("Mul", start, g.constant(0.0))
        output = _add_scan(g, decay, added, begin, direction, layer.hidden_size)
        outputs.append(g.node("Unsqueeze", output, g.ints(1)))
    return g.node("Concat", *outputs, axis=1)


def _add_coefficients(
    g: GraphBuilder, layer: LinearRecurrentLayer, direction: int, x: str
) -> tuple[str, str]:
    """(T, B, H) what the state is scaled by and what is added to it."""
    linear = cast(nn.Linear, layer.gates[direction])
    weight, bias = linear.weight.detach().numpy(), linear.bias.detach().numpy()
    gates = g.node("Add", g.node("MatMul", x, add_weights(g, weight.T, (0,))), g.constant(bias))
    count = len(bias) // layer.hidden_size
    parts = g.nodes("Split", gates, outputs=(True,) * count, axis=2)
    if layer.cell == "mingru":
        gate, candidate = parts
        decay = g.node("Sigmoid", g.node("Neg", gate))
        return decay, g.node("Mul", g.node("Sigmoid", gate), candidate)
    fading, gate, candidate = parts
    speed = functional.softplus(layer.speed[direction]).detach().numpy()
    # Sigmoid is right to 1e-7, which is too little where hardly anything fades.
    grown = g.node("Add", g.node("Exp", g.node("Neg", fading)), g.constant(1.0))
    log_decay = g.node("Div", g.constant(-SHARPNESS * speed), grown)
    decay = g.node("Exp", log_decay)
    # 1 - decay^2 loses its digits where decay is close to 1: -2 decay sinh(log decay) does not.
    lost = g.node("Mul", g.node("Sinh", log_decay), g.constant(-2.0))
    kept = g.node("Sqrt", g.node("Mul", lost, decay))
    return decay, g.node("Mul", kept, g.node("Mul", g.node("Sigmoid", gate), candidate))


def _add_scan(
    g: GraphBuilder, decay: str, added: str, start: str, direction: int, size: int
) -> str:
    """(T, B, H) h[t] = decay[t] h[t - 1] + added[t]; direction 1 runs from the last frame on."""
    step = g.branch()
    shape: list[int | str] = ["B", size]
    before, scale, more = (
        step.input(f"{start}_{direction}_{name}", "float32", shape)
        for name in ("before", "scale", "more")
    )
    after = step.node("Add", step.node("Mul", before, scale), more)
    step.output("state", after, "float32", shape)
    step.output("frame", after, "float32", shape)
    _, output = g.nodes(
        "Scan",
        start,
        decay,
        added,
        outputs=(True, True),
        body=step.graph("step"),
        num_scan_inputs=2,
        scan_input_directions=[direction, direction],
        scan_output_directions=[direction],
    )
    return output
