"""Write a trained model as one file."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from speechrnn.export.network import build_graph
from speechrnn.export.parity import check_parity
from speechrnn.export.rounding import round_weights
from speechrnn.export.states import state_specs
from speechrnn.models.average import AnyModel, AverageModel, prefixed
from speechrnn.models.command import CommandModel
from speechrnn.models.folding import folded

FORMAT_VERSION = 1
METADATA_KEY = "speechrnn"


@dataclass(frozen=True)
class ExportReport:
    """What an export made.

    Attributes:
        path: The file.
        file_bytes: Its size.
        num_parameters: Trained numbers in it.
        max_difference: Largest difference from the network, of any log-probability or state.
    """

    path: Path
    file_bytes: int
    num_parameters: int
    max_difference: float


def export_model(
    model: AnyModel,
    path: str | Path,
    provenance: dict[str, Any],
    int8: bool = False,
) -> ExportReport:
    """Write one ONNX file, from waveform to log-probabilities, and check it against the network.

    The file appears under its name only after the check.

    Args:
        model: The trained network, or several that judge as one; anywhere and in any mode.
        path: Where to; replaced if it exists.
        provenance: Plain JSON values: when, from what, with which versions it was trained.
        int8: Store weights as 8-bit integers with a scale for each output; what the file computes
            is then checked against the network with its weights rounded so.

    Raises:
        ModelError: The file does not compute what the network computes.
    """
    path = Path(path)
    model = copy.deepcopy(model).cpu().float().eval()
    network = _folded(model)
    if int8:
        round_weights(network)
        model = network
    facts = model_metadata(model, provenance) | {"weights": "int8" if int8 else "float32"}
    metadata = json.dumps(facts, ensure_ascii=False)
    proto = build_graph(network, int8).model("speechrnn", {METADATA_KEY: metadata})
    difference = write_checked(proto, path, lambda part: check_parity(model, part))
    return ExportReport(path, path.stat().st_size, model.num_parameters, difference)


def write_checked(proto: onnx.ModelProto, path: Path, check: Callable[[Path], float]) -> float:
    """Write a model; the file appears under its name only after the check, and gives its result."""
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(part, "wb") as file:
            file.write(proto.SerializeToString())
            file.flush()
            os.fsync(file.fileno())
        difference = check(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return difference


def _folded(model: AnyModel) -> AnyModel:
    if isinstance(model, CommandModel):
        return folded(model)
    return AverageModel([folded(member) for _, member in prefixed(model)])


def model_metadata(model: AnyModel, provenance: dict[str, Any]) -> dict[str, Any]:
    """All that a program needs to use the file, as plain JSON values."""
    config = model.config
    return {
        "format_version": FORMAT_VERSION,
        "labels": list(model.vocabulary),
        "symbols": list(model.symbols),
        "frame_head": config.model.frame_head,
        "lexicon": model.lexicon,
        "sample_rate_hz": config.features.sample_rate_hz,
        "grid": {
            "window_samples": model.grid.window_samples,
            "hop_samples": model.grid.hop_samples,
        },
        "clip_samples": config.clip_samples,
        "pool_frames": model.pool_frames,
        "networks": len(prefixed(model)),
        "num_parameters": model.num_parameters,
        "states": [spec.as_metadata() for spec in state_specs(model)],
        "config": config.model_dump(mode="json"),
        "operating_point": None,
        "provenance": provenance,
    }
