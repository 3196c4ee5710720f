"""A trained network that training goes on from, instead of random weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from speechrnn.errors import ConfigError
from speechrnn.models.command import CommandModel
from speechrnn.training.checkpoint import model_of, read_checkpoint
from speechrnn.training.teacher import digest_of


@dataclass(frozen=True)
class Start:
    """Where a training begins.

    Attributes:
        model: The trained network.
        compression: What was done to make it smaller, a line each.
    """

    model: CommandModel
    compression: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the network's weights, in hex."""
        return digest_of(self.model)

    def copy_to(self, model: CommandModel) -> None:
        """Give a network these weights, and the statistics of the features.

        Raises:
            ConfigError: It has another shape, hears otherwise or knows other labels.
        """
        ours, theirs = self.model.config, model.config
        shape = theirs.model.model_copy(update={"dropout": ours.model.dropout})
        for name, same in (
            ("features", ours.features == theirs.features),
            ("model", ours.model == shape),
        ):
            if not same:
                raise ConfigError(
                    f"--start: was trained with other settings of {name}; pass its config.yaml as "
                    "--config, and change only how it is trained"
                )
        for name in ("vocabulary", "symbols"):
            known, wanted = list(getattr(self.model, name)), list(getattr(model, name))
            if known != wanted:
                raise ConfigError(
                    f"--start: knows {', '.join(known) or 'no words'}, the training data has "
                    f"{', '.join(wanted) or 'none'}; train on the same words"
                )
        model.load_state_dict(self.model.state_dict())


def read_start(experiment: Path) -> Start:
    """The best network of an experiment.

    Raises:
        ModelError: No training has finished an epoch there, or the file is damaged.
    """
    checkpoint = read_checkpoint(experiment / "best.safetensors")
    return Start(model_of(checkpoint), tuple(checkpoint.facts.get("compression", ())))
