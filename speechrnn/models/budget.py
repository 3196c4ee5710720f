"""Networks of equal size: the width of the recurrent layers that a number of parameters allows."""

from __future__ import annotations

import math

import torch

from speechrnn.config import Config, with_model
from speechrnn.errors import ConfigError
from speechrnn.models.command import CommandModel
from speechrnn.vocabulary import Vocabulary


def fit_parameters(config: Config, vocabulary: Vocabulary, parameters: int) -> Config:
    """The configuration with `model.hidden_size` set so that the network is as large as asked for.

    Convolutions and heads count; they stay as they are, but for their side to the recurrent layers.

    Args:
        config: The run's settings; its `model.hidden_size` does not matter.
        vocabulary: The labels of a clip.
        parameters: How many trained numbers the network shall have; it has the nearest number that
            some hidden size gives.

    Raises:
        ConfigError: The narrowest network is nearly twice as large, or larger.
    """
    model = config.model
    heads = model.attention_heads if model.pooling in ("attention", "multihead") else 1
    step = heads // math.gcd(heads, 2 if model.bidirectional else 1)  # heads divide the units

    def count(steps: int) -> int:
        return _num_parameters(with_model(config, hidden_size=steps * step), vocabulary)

    above = 1
    while count(above) < parameters:
        above *= 2
    below = above // 2
    while above - below > 1:
        middle = (above + below) // 2
        below, above = (below, middle) if count(middle) >= parameters else (middle, above)
    fitting = min((s for s in (below, above) if s), key=lambda s: abs(count(s) - parameters))
    least = count(1)
    if least >= 2 * parameters:
        raise ConfigError(
            f"parameters: {parameters:,} are too few; the narrowest network of these settings has "
            f"{least:,}; allow more, or make model.convolutions smaller"
        )
    return with_model(config, hidden_size=fitting * step)


def _num_parameters(config: Config, vocabulary: Vocabulary) -> int:
    with torch.random.fork_rng(devices=[]):  # the caller's next network starts as it would have
        return CommandModel(config, vocabulary).num_parameters
