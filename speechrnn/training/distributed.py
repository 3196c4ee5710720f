"""Several processes that train one network together, as torchrun starts them."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from speechrnn.dataset import part_of
from speechrnn.errors import ConfigError, RunError, SpeechRNNError

T = TypeVar("T")

_PATIENCE = timedelta(minutes=30)  # for the slowest process, say to decode its corpus
_STORE_PATIENCE = timedelta(seconds=5)
_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
_CAUSE = "speechrnn/cause"
_RESUME = "the last checkpoint is whole: start them again with --resume"


class Group:
    """The processes of one run; alone, nothing here costs anything.

    Each has a part of every batch. Losses are weighted by what that is of the whole, so that
    gradients add up to those of one process that does it all.

    Attributes:
        rank: Which of them this is; 0 writes and shows what all came to.
        size: How many they are.
        device: Where this one computes.
    """

    def __init__(self, device: torch.device, rank: int = 0, size: int = 1) -> None:
        """Name the place of this process."""
        self.device = device
        self.rank = rank
        self.size = size

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    def part(self, rows: Tensor) -> Tensor:
        """What this process has of (N, ...) rows, every `size`-th."""
        return rows[self.rank :: self.size]

    def share_of(self, draws: Tensor) -> tuple[Tensor, float]:
        """What this process has of the draws of a batch (`part_of`), and how much that counts."""
        mine = part_of(draws, self.rank, self.size)
        return mine, len(mine) / len(draws) if len(draws) >= self.size else 1 / self.size

    def total(self, *values: float) -> list[float]:
        """Sums over all processes; a wait for all."""
        if self.size == 1:
            return list(values)
        sums = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(sums)
        return sums.tolist()

    def most(self, value: int) -> int:
        """The largest of all processes' values; a wait for all."""
        if self.size == 1:
            return value
        largest = torch.tensor(value)
        dist.all_reduce(largest, dist.ReduceOp.MAX)
        return int(largest)

    def from_first(self, value: T) -> T:
        """The value of process 0."""
        if self.size == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, 0)
        return values[0]

    def gather(self, value: T) -> list[T]:
        """All processes' values by rank, on process 0; elsewhere nothing."""
        if self.size == 1:
            return [value]
        values: list[Any] | None = [None] * self.size if self.is_first else None
        dist.gather_object(value, values, 0)
        return values or []

    def copy_first(self, model: nn.Module) -> None:
        """Give all processes the numbers that the model has on process 0."""
        if self.size > 1:
            for tensor in model.state_dict().values():
                dist.broadcast(tensor, 0)

    def add_up(self, model: nn.Module, loss: Tensor, *flags: float) -> list[float]:
        """Add up gradients over all processes, in place; a wait for all.

        Args:
            model: Has gradients for the same parameters everywhere.
            loss: Of this process's part.
            flags: More numbers to add up.

        Returns:
            The sums of the losses and of each flag.
        """
        if self.size == 1:
            return [loss.item(), *flags]
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        ends = torch.tensor([0.0, *flags], device=loss.device)
        ends[0] = loss.detach()
        flat = torch.cat([ends, *(grad.flatten() for grad in grads)])
        dist.all_reduce(flat)
        ends, *sums = flat.split([len(ends), *(grad.numel() for grad in grads)])
        for grad, summed in zip(grads, sums, strict=True):
            grad.copy_(summed.view_as(grad))
        return ends.tolist()

    def check_same(self, facts: Mapping[str, Any]) -> None:
        """See to it that all processes were given the same.

        Args:
            facts: Plain JSON values by name.

        Raises:
            ConfigError: They were not.
        """
        if self.size == 1:
            return
        digests = {
            name: hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
            for name, value in facts.items()
        }
        found: list[dict[str, str]] = [{}] * self.size
        dist.all_gather_object(found, digests)
        for rank, other in enumerate(found):
            for name, digest in found[0].items():
                if other[name] != digest:
                    raise ConfigError(
                        f"process {rank} of {self.size} was given another {name} than process 0; "
                        "start all with the same settings and data"
                    )


@contextmanager
def processes(device: str, remedy: str = _RESUME) -> Iterator[Group]:
    """Join the processes that torchrun started; without it this one is alone.

    Args:
        device: auto, cpu, cuda or cuda:N; several processes take a GPU each.
        remedy: What to do when one is lost.

    Raises:
        ConfigError: No such device here.
        RunError: Another process was lost.
    """
    if not _started_by_torchrun():
        yield Group(pick_device(device))
        return
    here = pick_device(device, int(os.environ["LOCAL_RANK"]))
    if here.type == "cuda":
        torch.cuda.set_device(here)  # before NCCL looks for one
    backend = "cpu:gloo,cuda:nccl" if here.type == "cuda" else "gloo"
    dist.init_process_group(backend, timeout=_PATIENCE)
    group = Group(here, dist.get_rank(), dist.get_world_size())
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield group
    except BaseException as fault:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun sends it; let it all be told first
        if isinstance(fault, RuntimeError) and _lost_another(fault):
            raise RunError(_cause(group, remedy)) from None
        if isinstance(fault, SpeechRNNError):
            _store().set(_key(_CAUSE), str(fault))  # the others will only miss this process
        raise
    signal.signal(signal.SIGTERM, before)
    dist.destroy_process_group()


def pick_device(name: str, local_rank: int | None = None) -> torch.device:
    """The device called `name`; `auto` takes a GPU where there is one.

    Args:
        name: auto, cpu, cuda or cuda:N.
        local_rank: Which process of this machine asks, if there are several; each has its GPU.

    Raises:
        ConfigError: No such device here.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        name = "cuda" if count else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"--device {name}: expected auto, cpu, cuda or cuda:N") from None
    if device.type == "cuda" and local_rank is not None:
        if device.index is not None:
            raise ConfigError(f"--device {name}: several processes take a GPU each; pass cuda")
        if local_rank >= count:
            raise ConfigError(
                f"process {local_rank} of this machine finds {count} CUDA devices; start as many "
                "processes as there are, or pass --device cpu"
            )
        return torch.device("cuda", local_rank)
    if device.type == "cuda" and (device.index or 0) >= count:
        raise ConfigError(f"--device {name}: this machine has {count} CUDA devices; pass cpu")
    return device


def says_first(message: str) -> bool:
    """Whether no other process of the run has said this; alone, always."""
    if not _started_by_torchrun():
        return True
    digest = hashlib.sha256(message.encode()).hexdigest()
    try:
        return _store().add(_key(f"speechrnn/said/{digest}"), 1) == 1
    except (RuntimeError, OSError):  # the store went with the process that held it
        return True


def _end(number: int, frame: FrameType | None) -> None:
    if sys.exc_info()[0] is None:  # else it is ending already
        raise RunError("was told to end (SIGTERM), as when another process was lost")


def _lost_another(fault: RuntimeError) -> bool:
    return isinstance(fault, dist.DistError) or "gloo" in str(fault)


def _cause(group: Group, remedy: str) -> str:
    """Why a process that was waited for is gone."""
    try:
        store = _store()
        if store.check([_key(_CAUSE)]):
            return store.get(_key(_CAUSE)).decode()
    except (RuntimeError, OSError):
        pass
    return f"one of {group.size} processes was lost or cannot be reached; {remedy}"


def _started_by_torchrun() -> bool:
    return all(name in os.environ for name in _TORCHRUN) and int(os.environ["WORLD_SIZE"]) > 1


def _store() -> dist.TCPStore:
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    return dist.TCPStore(address, port, is_master=False, timeout=_STORE_PATIENCE)


def _key(name: str) -> str:
    return f"{name}/{os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}"


def merged(parts: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Rows that the processes of a group have by name, put together as `Group.part` took them."""
    whole: dict[str, Tensor] = {}
    for name in parts[0]:
        rows = [part[name].cpu() for part in parts]
        whole[name] = rows[0].new_empty(sum(map(len, rows)), *rows[0].shape[1:])
        for rank, mine in enumerate(rows):
            whole[name][rank :: len(parts)] = mine
    return whole
