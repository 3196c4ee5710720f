"""A recurrent language model: embedding, recurrent layers, softmax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from speechrnn.models.dropout import Dropout
from speechrnn.models.language_config import LanguageModelConfig
from speechrnn.models.layer import LayerState
from speechrnn.models.recurrent import RecurrentLayer


class LanguageNetwork(nn.Module):
    """Foretells each token of a sentence from those before it.

    Mikolov et al. 2010, "Recurrent neural network based language model" (Interspeech). Dropout
    follows each recurrent layer, never between time steps (Zaremba et al. 2014, "Recurrent Neural
    Network Regularization", arXiv 1409.2329).

    Args:
        config: The network's settings.
        num_tokens: V, tokens that are read and foretold.
    """

    def __init__(self, config: LanguageModelConfig, num_tokens: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_tokens, config.embedding_size)
        self.layers = nn.ModuleList()
        size = config.embedding_size
        for _ in range(config.layers):
            self.layers.append(RecurrentLayer(config.cell, size, config.hidden_size, False))
            size = config.hidden_size
        self.dropout = Dropout(config.dropout)
        self.output = nn.Linear(size, num_tokens)

    @property
    def recurrent_layers(self) -> list[RecurrentLayer]:
        """The layers, the first of them reads the embedding."""
        return [cast(RecurrentLayer, layer) for layer in self.layers]

    def initial_state(self, batch_size: int) -> list[LayerState]:
        """What every layer starts from before a sentence."""
        return [layer.initial_state(batch_size) for layer in self.recurrent_layers]

    def forward(
        self, tokens: Tensor, state: list[LayerState] | None = None
    ) -> tuple[Tensor, list[LayerState]]:
        """Read tokens, and foretell after each what follows it.

        Args:
            tokens: (B, T) ids, int64.
            state: Each layer's carried state; none: zeros.

        Returns:
            (B, T, V) logits, and each layer's state after the last token.
        """
        lens = tokens.new_full((len(tokens),), tokens.shape[1], device="cpu")
        hidden = self.embedding(tokens)
        next_state = []
        for i, layer in enumerate(self.recurrent_layers):
            hidden, layer_state = layer(hidden, lens, state[i] if state else None, lens)
            hidden = self.dropout(hidden)
            next_state.append(layer_state)
        return self.output(hidden), next_state


@dataclass(frozen=True)
class ParameterCount:
    """How many numbers are trained.

    Attributes:
        ours: As they are here.
        keras: As Keras counts the same network.
    """

    ours: int
    keras: int


def count_parameters(network: nn.Module) -> ParameterCount:
    """Count what is trained, here and in Keras.

    An LSTM or plain RNN adds a bias to what it reads and another one to its state, as cuDNN does;
    only their sum matters, and Keras has only that. In a GRU the second bias of the candidate
    stands behind the reset gate and does matter: Keras, too, has two (`reset_after`, the default).

    Args:
        network: Anything made of the library's layers.
    """
    ours = sum(parameter.numel() for parameter in network.parameters())
    surplus = sum(
        parameter.numel()
        for layer in network.modules()
        if isinstance(layer, RecurrentLayer) and layer.cell != "gru"
        for name, parameter in layer.named_parameters()
        if "bias_hh" in name
    )
    return ParameterCount(ours, ours - surplus)
