from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from speechrnn.errors import ModelError
from speechrnn.export.language import export_language, language_difference
from speechrnn.models.language import LanguageNetwork
from speechrnn.models.language_config import LanguageModelConfig
from speechrnn.runtime.tokens import Tokens

TOKENS = Tokens("words", ["<s>", "<unk>", "a", "b", "c"])


def make_network(cell: str = "lstm", layers: int = 2) -> LanguageNetwork:
    torch.manual_seed(0)
    config = LanguageModelConfig(cell=cell, embedding_size=4, hidden_size=6, layers=layers)
    network = LanguageNetwork(config, len(TOKENS)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.3 * torch.randn_like(parameter)  # biases, too, are worth comparing
    return network


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn_tanh", "rnn_relu"])
@pytest.mark.parametrize("layers", [1, 2])
def test_the_file_computes_what_the_network_computes(
    tmp_path: Path, cell: str, layers: int
) -> None:
    network = make_network(cell, layers)
    report = export_language(network.train(), TOKENS, tmp_path / "lm.onnx", {})
    assert report.max_difference < 1e-4
    tokens = np.random.default_rng(1).integers(5, size=(12, 2))
    assert language_difference(network.eval(), tmp_path / "lm.onnx", tokens) < 1e-4
    states = 2 * layers if cell == "lstm" else layers
    proto = onnx.load(tmp_path / "lm.onnx")
    assert len(proto.graph.input) == len(proto.graph.output) == 1 + states
    (entry,) = proto.metadata_props
    facts = json.loads(entry.value)
    assert entry.key == "speechrnn_lm"
    assert (facts["format_version"], facts["cell"]) == (1, cell)
    assert facts["tokens"] == ["<s>", "<unk>", "a", "b", "c"]
    assert len(facts["states"]) == states


def test_another_network_differs(tmp_path: Path) -> None:
    network = make_network()
    export_language(network, TOKENS, tmp_path / "lm.onnx", {})
    tokens = np.zeros((3, 1))
    with torch.no_grad():
        network.output.bias[2] += 0.01
    assert language_difference(network, tmp_path / "lm.onnx", tokens) > 1e-3


def test_a_file_that_differs_is_not_left(tmp_path: Path) -> None:
    network = make_network()
    with torch.no_grad():
        network.output.bias[2] = float("nan")
    with pytest.raises(ModelError, match="differs from the network by nan"):
        export_language(network, TOKENS, tmp_path / "lm.onnx", {})
    assert list(tmp_path.iterdir()) == []
