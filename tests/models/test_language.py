from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from speechrnn.models.language import LanguageNetwork, count_parameters
from speechrnn.models.language_config import LanguageModelConfig
from speechrnn.models.recurrent import RecurrentLayer

CELLS = ("gru", "lstm", "rnn_tanh", "rnn_relu")


def test_keras_counts_one_bias_vector_a_gate() -> None:
    """Embedding(1000, 64), LSTM(128), Dense(10): 64000 + 98816 + 1290 as Keras' summary has it."""
    network = nn.ModuleList(
        [nn.Embedding(1000, 64), RecurrentLayer("lstm", 64, 128, False), nn.Linear(128, 10)]
    )
    count = count_parameters(network)
    assert count.keras == 164_106
    assert count.ours == 164_106 + 4 * 128


@pytest.mark.parametrize(
    ("cell", "keras", "surplus"),
    [
        # By hand, I = 2, H = 3: gates * (H * I + H * H + H), a GRU's bias twice.
        ("lstm", 4 * (6 + 9 + 3), 4 * 3),
        ("rnn_tanh", 6 + 9 + 3, 3),
        ("rnn_relu", 6 + 9 + 3, 3),
        ("gru", 3 * (6 + 9 + 2 * 3), 0),
    ],
)
def test_counts_by_cell(cell: str, keras: int, surplus: int) -> None:
    count = count_parameters(RecurrentLayer(cell, 2, 3, False))
    assert (count.ours, count.keras) == (keras + surplus, keras)


@pytest.mark.parametrize("cell", CELLS)
def test_a_sentence_in_pieces_is_the_sentence(cell: str) -> None:
    torch.manual_seed(0)
    config = LanguageModelConfig(cell=cell, embedding_size=4, hidden_size=5, layers=2)
    network = LanguageNetwork(config, 7).eval()
    tokens = torch.randint(7, (3, 9))
    whole, last = network(tokens)
    state, pieces = None, []
    for piece in tokens.split([1, 2, 5, 1], dim=1):
        logits, state = network(piece, state)
        pieces.append(logits)
    assert_close(torch.cat(pieces, 1), whole)
    assert_close(state, last)


def test_dropout_is_for_training_only() -> None:
    network = LanguageNetwork(LanguageModelConfig(dropout=0.5), 5)
    tokens = torch.arange(5)[None]
    assert not torch.equal(network(tokens)[0], network(tokens)[0])
    network.eval()
    assert_close(network(tokens)[0], network(tokens)[0])
