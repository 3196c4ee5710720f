"""What defines the training of a language model but its text."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from speechrnn.config import OptimizerConfig, Probability, Section, parse_section, read_tree


class LanguageModelConfig(Section):
    """The network (`speechrnn.models.language`)."""

    units: Literal["words", "characters"] = "words"
    least_count: int = Field(1, ge=1)  # of a token in the text; a rarer one is unknown
    embedding_size: int = Field(64, ge=1)
    cell: Literal["gru", "lstm", "rnn_tanh", "rnn_relu"] = "lstm"
    hidden_size: int = Field(128, ge=1)
    layers: int = Field(1, ge=1)
    dropout: Probability = 0.2


class LanguageTrainingConfig(OptimizerConfig):
    """The training loop (`speechrnn.training.language`)."""

    epochs: int = Field(20, ge=1)
    batch_size: int = Field(32, ge=1)  # sentences
    bptt_tokens: int = Field(35, ge=1)  # behind as many the gradient is cut, the state goes on
    seed: int = Field(0, ge=0)


class LanguageConfig(Section):
    """Everything that defines a language model but its text."""

    model: LanguageModelConfig = LanguageModelConfig()
    training: LanguageTrainingConfig = LanguageTrainingConfig()


def load_language_config(path: str | Path | None, overrides: tuple[str, ...]) -> LanguageConfig:
    """Read and check a YAML file; without one all is as it is by default.

    Args:
        path: The file.
        overrides: `section.key=value` each, the value in YAML.

    Raises:
        ConfigError: Missing or unreadable file, unknown key, wrong type, value out of range.
    """
    where = str(path) if path else "language model"
    return parse_section(LanguageConfig, read_tree(path, overrides), where)
