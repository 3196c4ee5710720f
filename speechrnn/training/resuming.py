"""Whether a run can go on from a checkpoint, and how exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from speechrnn.errors import ConfigError
from speechrnn.training.checkpoint import RANDOM, Checkpoint, set_random_state
from speechrnn.training.distributed import Group

_DATA = ("labels", "symbols", "lexicon", "training_data", "teachers", "start")


def set_threads(wanted: int | None, start: Checkpoint | None, group: Group) -> None:
    """Use as many CPU threads as are wanted, or were used before: sums round differently else."""
    if start and group.device.type == "cpu":
        before = start.facts["arithmetic"]
        if before["processes"] == group.size:  # else they round differently anyway
            wanted = before["threads"]
    if wanted:
        torch.set_num_threads(wanted)


def set_random(start: Checkpoint | None, seed: int, group: Group) -> None:
    """Have each process draw its own numbers for dropout, and go on with them where it can."""
    states = start.tensors[RANDOM] if start else torch.empty(0)
    if start and len(states) == group.size:
        set_random_state(states[group.rank], group.device)
    elif start or group.rank:
        step = start.facts["step"] if start else 0
        key = np.random.SeedSequence((seed, group.rank, step))
        torch.manual_seed(int(key.generate_state(1)[0]))


def differences(start: Checkpoint, facts: dict[str, Any], out: Path) -> list[str]:
    """Compare what a checkpoint was written with to what is there now.

    Args:
        start: The checkpoint.
        facts: What is there now, as the next checkpoint will tell.
        out: The run directory, for errors.

    Returns:
        A line for everything that keeps the last bits from being the same.

    Raises:
        ConfigError: The data or the teachers are others.
    """
    for fact in _DATA:
        if start.facts[fact] != facts[fact]:
            raise ConfigError(
                f"{out}: was begun on other data ({fact}: {start.facts[fact]} before, "
                f"{facts[fact]} now); resume with the same, or pass another --out"
            )
    before, now = start.facts["arithmetic"], facts["arithmetic"]
    return [
        f"{name}: {before[name]} before, {now[name]} now: goes on, but not bit for bit"
        for name in now
        if before[name] != now[name]
    ]
