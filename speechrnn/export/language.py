"""Write a trained language model as one file: a graph that reads one token."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from speechrnn.errors import ModelError
from speechrnn.export.graph import GraphBuilder
from speechrnn.export.model_file import ExportReport, write_checked
from speechrnn.export.parity import TOLERANCE, gap, open_session
from speechrnn.export.recurrent import add_recurrence
from speechrnn.models.language import LanguageNetwork, count_parameters
from speechrnn.models.recurrent import RecurrentLayer
from speechrnn.runtime.language_info import FORMAT_VERSION, METADATA_KEY
from speechrnn.runtime.tokens import Tokens

_PARITY_STEPS = 40


def export_language(
    network: LanguageNetwork, tokens: Tokens, path: str | Path, provenance: dict[str, Any]
) -> ExportReport:
    """Write one ONNX file, and check it against the network.

    Inputs are `token (B)` and the states `rnn_<layer> (B, H)` and, in an LSTM, `rnn_<layer>_cell`;
    outputs are `log_probs (B, V)` of the token that follows, and `next_` and the name of each
    state. The file appears under its name only after the check.

    Args:
        network: The trained network, anywhere and in any mode.
        tokens: What it reads.
        path: Where to; replaced if it exists.
        provenance: Plain JSON values: when, from what, with which versions it was trained.

    Raises:
        ModelError: The file does not compute what the network computes.
    """
    path = Path(path)
    network = copy.deepcopy(network).cpu().float().eval()
    count = count_parameters(network)
    layers = network.recurrent_layers
    metadata = {
        "format_version": FORMAT_VERSION,
        "units": tokens.units,
        "tokens": list(tokens.symbols),
        "cell": layers[0].cell,
        "states": [
            {"name": name, "size": layer.hidden_size}
            for i, layer in enumerate(layers)
            for name in _names(i, layer)
        ],
        "num_parameters": count.ours,
        "keras_parameters": count.keras,
        "provenance": provenance,
    }
    graph = _build_graph(network)
    proto = graph.model("speechrnn", {METADATA_KEY: json.dumps(metadata, ensure_ascii=False)})
    difference = write_checked(proto, path, lambda part: _check_parity(network, part))
    return ExportReport(path, path.stat().st_size, count.ours, difference)


def _names(index: int, layer: RecurrentLayer) -> list[str]:
    """What the states of a layer are called."""
    return [f"rnn_{index}", f"rnn_{index}_cell"][: len(layer.initial_state(1))]


def _build_graph(network: LanguageNetwork) -> GraphBuilder:
    g = GraphBuilder()
    token = g.input("token", "int64", ["B"])
    embedding = g.constant(network.embedding.weight.detach().numpy())
    x = g.node("Unsqueeze", g.node("Gather", embedding, token), g.ints(0))  # (1, B, E)
    for i, layer in enumerate(network.recurrent_layers):
        names = _names(i, layer)
        states = [g.input(name, "float32", ["B", layer.hidden_size]) for name in names]
        starts = [g.node("Unsqueeze", state, g.ints(0)) for state in states]
        y, cell = add_recurrence(g, layer, x, "", starts)  # y (1, 1, B, H)
        x = g.node("Squeeze", y, g.ints(1))
        for name, value in zip(names, (x, cell), strict=False):
            after = g.node("Squeeze", value, g.ints(0))
            g.output(f"next_{name}", after, "float32", ["B", layer.hidden_size])
    weight = g.constant(network.output.weight.detach().numpy())
    bias = g.constant(network.output.bias.detach().numpy())
    logits = g.node("Gemm", g.node("Squeeze", x, g.ints(0)), weight, bias, transB=1)
    log_probs = g.node("LogSoftmax", logits, axis=1)
    g.output("log_probs", log_probs, "float32", ["B", network.output.out_features])
    return g


def _check_parity(network: LanguageNetwork, path: Path) -> float:
    """The largest difference over random sentences, each side carrying its own state."""
    random = np.random.default_rng(0)
    worst = max(
        language_difference(network, path, random.integers(network.output.out_features, size=shape))
        for shape in ((_PARITY_STEPS, 1), (_PARITY_STEPS, 3))
    )
    if not worst <= TOLERANCE:
        raise ModelError(
            f"{path}: differs from the network by {worst:.2g}, expected at most {TOLERANCE:g}; "
            "do not use this file, and report the settings it came from"
        )
    return worst


def language_difference(network: LanguageNetwork, path: str | Path, tokens: np.ndarray) -> float:
    """The largest difference of any log-probability, or of a state in relation to its size.

    Args:
        network: In evaluation mode, on the CPU, in float32.
        path: The exported file.
        tokens: (T, B) what both sides read, token by token.
    """
    session = open_session(path)
    outputs = [output.name for output in session.get_outputs()]
    state = network.initial_state(tokens.shape[1])
    carried = _by_name(network, state)
    gaps = []
    for row in tokens.astype(np.int64):
        with torch.inference_mode():
            logits, state = network(torch.from_numpy(row)[:, None], state)
        values = session.run(None, {"token": row, **carried})
        got = dict(zip(outputs, values, strict=True))
        gaps.append(gap(logits[:, 0].log_softmax(1), got["log_probs"]))
        for name, expected in _by_name(network, state).items():
            carried[name] = got[f"next_{name}"]
            gaps.append(gap(torch.from_numpy(expected), carried[name], relative=True))
    return float(np.max(gaps))  # not a number if any is not


def _by_name(
    network: LanguageNetwork, state: Sequence[tuple[torch.Tensor, ...]]
) -> dict[str, np.ndarray]:
    return {
        name: tensor.detach().numpy()
        for i, (layer, parts) in enumerate(zip(network.recurrent_layers, state, strict=True))
        for name, tensor in zip(_names(i, layer), parts, strict=True)
    }
