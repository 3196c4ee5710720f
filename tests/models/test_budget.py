"""The hidden size that a number of parameters allows."""

from __future__ import annotations

from typing import get_args

import pytest
import torch

from speechrnn.config import Cell, parse_config
from speechrnn.errors import ConfigError
from speechrnn.models.budget import fit_parameters
from speechrnn.models.command import CommandModel
from speechrnn.vocabulary import Vocabulary

WORDS = Vocabulary(["go", "no", "stop"])


def count(config):
    return CommandModel(config, WORDS).num_parameters


def with_model(config, **changes):
    tree = config.model_dump(mode="json")
    tree["model"] |= changes
    return parse_config(tree, "test")


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", get_args(Cell))
def test_no_other_hidden_size_comes_nearer(cell, bidirectional):
    config = parse_config({"model": {"pooling": "mean"}}, "test")
    config = with_model(config, cell=cell, bidirectional=bidirectional, hidden_size=3)
    fitted = fit_parameters(config, WORDS, 50_000)
    size = fitted.model.hidden_size
    assert with_model(fitted, hidden_size=3) == config  # nothing else has changed
    distance = abs(count(fitted) - 50_000)
    for other in (size - 1, size + 1):
        assert abs(count(with_model(config, hidden_size=other)) - 50_000) >= distance
    assert distance < 1000


@pytest.mark.parametrize("bidirectional", [False, True])
def test_attention_heads_divide_what_is_found(bidirectional):
    config = parse_config({"model": {"pooling": "multihead", "attention_heads": 4}}, "test")
    fitted = fit_parameters(with_model(config, bidirectional=bidirectional), WORDS, 60_000)
    assert fitted.model.hidden_size * (2 if bidirectional else 1) % 4 == 0
    assert abs(count(fitted) / 60_000 - 1) < 0.05


def test_a_network_made_afterwards_starts_as_without():
    config = parse_config({}, "test")
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    fit_parameters(config, WORDS, 50_000)
    torch.testing.assert_close(torch.rand(3), expected)


def test_too_few_parameters_are_an_error():
    with pytest.raises(ConfigError, match=r"100 are too few; the narrowest network .* has 20,"):
        fit_parameters(parse_config({}, "test"), WORDS, 100)
