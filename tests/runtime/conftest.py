"""The tone model, loaded; small untrained networks, and the model files exported from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from speechrnn.config import parse_config
from speechrnn.export.model_file import export_model
from speechrnn.export.rounding import round_weights
from speechrnn.models.command import CommandModel
from speechrnn.runtime.recognizer import Recognizer, load_model
from speechrnn.vocabulary import Vocabulary

STRIDED = {
    "convolutions": [{"channels": 7, "kernel": 3, "stride": 2}, {"channels": 6, "kernel": 2}]
}
PLAIN: dict = {"convolutions": []}
NETWORKS: dict[str, dict] = {
    "gru, attention": {"model": {"cell": "gru", "pooling": "attention", **STRIDED}},
    "lstm, last": {"model": {"cell": "lstm", "pooling": "last", **PLAIN}},
    "rnn_tanh, max": {"model": {"cell": "rnn_tanh", "pooling": "max", **STRIDED}},
    "rnn_relu, mean": {
        "model": {"cell": "rnn_relu", "pooling": "mean", "layer_norm": True, **PLAIN}
    },
    "feedforward, mean": {"model": {"cell": "feedforward", "pooling": "mean", **STRIDED}},
    "mingru, mean": {"model": {"cell": "mingru", "pooling": "mean", **STRIDED}},
    "rglru, max": {"model": {"cell": "rglru", "pooling": "max", **PLAIN}},
    "unidirectional gru, last": {
        "model": {"cell": "gru", "pooling": "last", "bidirectional": False, **STRIDED}
    },
    "unidirectional lstm, max": {
        "model": {"cell": "lstm", "pooling": "max", "bidirectional": False, **PLAIN},
        "features": {"floor": "absolute", "floor_db": -60.0},
    },
    "keyword head": {
        "model": {"frame_head": "keyword", **STRIDED},
        "streaming": {"share": 0.5},
    },
    "multihead, convolutions over bands": {
        "model": {
            "pooling": "multihead",
            "convolutions": [
                {"channels": 4, "kernel": 3, "bands": 5, "band_stride": 2},
                {"channels": 5, "kernel": 2, "stride": 2, "bands": 3},
                {"channels": 6, "kernel": 1},
            ],
        },
        "features": {"kind": "logmel"},
    },
    "ctc beside a clip head": {"model": {"frame_head": "ctc", **STRIDED}},
    "gru behind projections": {"model": {"projection": 5, **STRIDED}},
    "int8 gru, multihead": {"model": {"pooling": "multihead", **STRIDED}, "int8": True},
    "int8 lstm, last": {"model": {"cell": "lstm", "pooling": "last", **PLAIN}, "int8": True},
    "ctc alone": {"model": {"frame_head": "ctc", "pooling": "none", **STRIDED}},
}
Exported = tuple[CommandModel, Path]


@pytest.fixture(scope="session")
def tones(tone_model: Path) -> Recognizer:
    """`tone_model`, loaded."""
    return load_model(tone_model)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Exported]:
    """One of `NETWORKS` at 8 kHz: the network itself and its file."""
    folder = tmp_path_factory.mktemp("exported")
    made: dict[str, Exported] = {}

    def get(name: str) -> Exported:
        if name not in made:
            made[name] = _export(NETWORKS[name], folder / f"{len(made)}.onnx")
        return made[name]

    return get


def _export(settings: dict, path: Path) -> Exported:
    torch.manual_seed(0)
    front_end = {"sample_rate_hz": 8000, "high_hz": 3800.0, "n_mels": 16, "n_mfcc": 8}
    tree = {
        **{name: section for name, section in settings.items() if name != "int8"},
        "features": {**front_end, **settings.get("features", {})},
        "model": {"hidden_size": 8, **settings["model"]},
    }
    labels = Vocabulary(["go", "no", "stop", "_silence_", "_unknown_"])
    config = parse_config(tree, "test")
    symbols = labels.keywords() if config.model.frame_head == "ctc" else None
    labels = Vocabulary([]) if config.model.pooling == "none" else labels
    model = CommandModel(config, labels, symbols).eval()
    if model.frame_head is not None:
        torch.nn.init.zeros_(model.frame_head.bias)  # untrained, it would hear the blank alone
    dimension = model.config.features.dimension
    model.front_end.set_statistics(torch.randn(dimension), torch.rand(dimension) + 1)
    int8 = settings.get("int8", False)
    if int8:
        round_weights(model)
    export_model(model, path, {}, int8)
    return model, path
