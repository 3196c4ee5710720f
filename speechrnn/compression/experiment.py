"""A network made smaller, as an experiment that can be evaluated, exported and trained on."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from speechrnn.config import dump_config
from speechrnn.errors import ConfigError
from speechrnn.models.command import CommandModel
from speechrnn.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint

_KEPT = ("labels", "symbols", "lexicon", "training_data")


def check_free(out: Path) -> None:
    """See that a directory holds no experiment yet.

    Raises:
        ConfigError: It does.
    """
    if (out / "best.safetensors").exists() or (out / "metrics.jsonl").exists():
        raise ConfigError(f"{out}: holds an experiment already; pass another --out")


def write_experiment(
    out: Path, model: CommandModel, experiment: Path, compression: Sequence[str]
) -> None:
    """Write an experiment directory.

    Args:
        out: The directory; made where it lacks.
        model: The smaller network.
        experiment: Where the larger one came from.
        compression: All that was done to it, a line each.
    """
    facts = read_checkpoint(experiment / "best.safetensors").facts
    kept = {name: facts[name] for name in _KEPT if name in facts}
    config = model.config
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    new = {**kept, "config": config.model_dump(mode="json"), "compression": list(compression)}
    write_checkpoint(out / "best.safetensors", Checkpoint(tensors, new))
    (out / "config.yaml").write_text(dump_config(config), encoding="utf-8")
    if (experiment / "environment.json").is_file():
        shutil.copy(experiment / "environment.json", out)
