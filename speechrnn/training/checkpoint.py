"""Checkpoints: whole or absent, and never unpickled."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from speechrnn.config import parse_config
from speechrnn.errors import ModelError
from speechrnn.models.command import CommandModel
from speechrnn.vocabulary import Vocabulary

_MODEL = "model."
_AVERAGE = "average."
_OPTIMIZER = "optimizer."
_STREAMS = "streams."
RANDOM = "random_state"


@dataclass(frozen=True)
class Checkpoint:
    """A moment of a training run.

    Attributes:
        tensors: Weights, their running average, optimizer and random state, and within an epoch
            what streams carry, by prefixed name.
        facts: Everything else, as plain JSON values: `config`, `labels`, `epoch`, `step`, …
    """

    tensors: dict[str, torch.Tensor]
    facts: dict[str, Any]


def pack(
    model: CommandModel,
    average: Mapping[str, torch.Tensor],
    optimizer: torch.optim.Optimizer,
    streams: Mapping[str, torch.Tensor],
    random_state: torch.Tensor,
    facts: dict[str, Any],
) -> Checkpoint:
    """Gather all that a later process needs to go on exactly here.

    Args:
        model: The network.
        average: The running average of its weights.
        optimizer: What moves them.
        streams: What streams carry on from piece to piece; nothing between epochs.
        random_state: (processes, N) uint8, from `random_state`.
        facts: Everything else, as plain JSON values.
    """
    tensors = {_MODEL + name: tensor for name, tensor in model.state_dict().items()}
    tensors |= {_AVERAGE + name: tensor for name, tensor in average.items()}
    tensors |= {_STREAMS + name: tensor for name, tensor in streams.items()}
    for index, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"{_OPTIMIZER}{index}.{name}"] = value
    tensors[RANDOM] = random_state
    return Checkpoint(tensors, facts)


def unpack(
    checkpoint: Checkpoint,
    model: CommandModel,
    average: dict[str, torch.Tensor],
    optimizer: torch.optim.Optimizer,
) -> dict[str, torch.Tensor]:
    """Put a checkpoint's weights and their movement back in place; gives what streams carried."""
    model.load_state_dict(_part(checkpoint, _MODEL))
    average.update({n: t.to(average[n].device) for n, t in _part(checkpoint, _AVERAGE).items()})
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in _part(checkpoint, _OPTIMIZER).items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = tensor
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    return _part(checkpoint, _STREAMS)


def random_state(device: torch.device) -> torch.Tensor:
    """(N) uint8, where this process's random numbers are: the CPU's, then the GPU's."""
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return torch.cat(states)


def set_random_state(state: torch.Tensor, device: torch.device) -> None:
    """Go on from where `random_state` was; a state of the CPU alone leaves the GPU's as it is."""
    cpu = len(torch.get_rng_state())
    torch.set_rng_state(state[:cpu].clone())
    if device.type == "cuda" and len(state) > cpu:
        torch.cuda.set_rng_state(state[cpu:].clone(), device)


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint so that `path` holds either all of it or what was there before.

    Raises:
        OSError: It cannot be written, of `path`; what was there before is whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    tensors = {name: t.detach().cpu().contiguous() for name, t in checkpoint.tensors.items()}
    content = save(tensors, {"speechrnn": json.dumps(checkpoint.facts)})
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as fault:
        with contextlib.suppress(OSError):
            part.unlink()
        raise OSError(fault.errno, fault.strerror or str(fault), str(path)) from None
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have renamed files survive a power failure, where the system lets a folder be opened."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        ModelError: Missing, cut off, or not written by speechrnn.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such checkpoint; train first, or name another experiment")
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})["speechrnn"])
            # Copies: what safetensors hands out is the mapped file, which may be replaced.
            names = list(file.keys())
            return Checkpoint({name: file.get_tensor(name).clone() for name in names}, facts)
    except (SafetensorError, KeyError, ValueError, OSError) as fault:
        raise ModelError(
            f"{path}: damaged or not a speechrnn checkpoint ({fault}); delete it and resume"
        ) from None


def load_experiment(experiment: str | Path) -> CommandModel:
    """The best model of an experiment directory, averaged weights where they were kept.

    Raises:
        ModelError: No training has finished an epoch there, or the file is damaged.
    """
    return model_of(read_checkpoint(Path(experiment) / "best.safetensors"))


def model_of(checkpoint: Checkpoint) -> CommandModel:
    """The network that a checkpoint holds, ready to evaluate."""
    config = parse_config(checkpoint.facts["config"], "checkpoint")
    facts = checkpoint.facts
    symbols = Vocabulary(facts["symbols"]) if config.model.frame_head == "ctc" else None
    model = CommandModel(config, Vocabulary(facts["labels"]), symbols, facts.get("lexicon"))
    model.load_state_dict(_part(checkpoint, _MODEL) | _part(checkpoint, _AVERAGE))
    return model.eval()


def _part(checkpoint: Checkpoint, prefix: str) -> dict[str, torch.Tensor]:
    return {
        n.removeprefix(prefix): t for n, t in checkpoint.tensors.items() if n.startswith(prefix)
    }
