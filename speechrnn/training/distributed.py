"""Several processes that train one network together, as torchrun starts them."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
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
from speechrnn.training.pulse import Pulse
from speechrnn.training.store import started_by_torchrun, tell_cause, told_cause

T = TypeVar("T")

_PATIENCE = timedelta(minutes=30)  # for the slowest process, say to decode its corpus
_GLANCE = timedelta(seconds=2)  # between looks at whom one waits for
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

    def __init__(
        self, device: torch.device, rank: int = 0, size: int = 1, pulse: Pulse | None = None
    ) -> None:
        """Name the place of this process."""
        self.device = device
        self.rank = rank
        self.size = size
        self._pulse = pulse

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
        self._wait(dist.all_reduce(sums, async_op=True))
        return sums.tolist()

    def most(self, value: int) -> int:
        """The largest of all processes' values; a wait for all."""
        if self.size == 1:
            return value
        largest = torch.tensor(value)
        self._wait(dist.all_reduce(largest, dist.ReduceOp.MAX, async_op=True))
        return int(largest)

    def from_first(self, value: T) -> T:
        """The value of process 0."""
        if self.size == 1:
            return value
        row = self._row(value if self.is_first else None)
        self._wait(dist.broadcast(row, 0, async_op=True))
        return _value(row)

    def gather(self, value: T) -> list[T]:
        """All processes' values by rank, on process 0; elsewhere nothing."""
        if self.size == 1:
            return [value]
        row = self._row(value)
        rows = [torch.empty_like(row) for _ in range(self.size)] if self.is_first else None
        self._wait(dist.gather(row, rows, 0, async_op=True))
        return [_value(other) for other in rows or ()]

    def copy_first(self, model: nn.Module) -> None:
        """Give all processes the numbers that the model has on process 0."""
        if self.size > 1:
            for tensor in model.state_dict().values():
                self._wait(dist.broadcast(tensor, 0, async_op=True), tensor.is_cuda)

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
        self._wait(dist.all_reduce(flat, async_op=True), flat.is_cuda)
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
        found = self.from_first(self.gather(digests))
        for rank, other in enumerate(found):
            for name, digest in found[0].items():
                if other[name] != digest:
                    raise ConfigError(
                        f"process {rank} of {self.size} was given another {name} than process 0; "
                        "start all with the same settings and data"
                    )

    def _row(self, value: object) -> Tensor:
        """(N) uint8, a value's bytes; as long in all processes, whatever theirs."""
        content = torch.frombuffer(bytearray(pickle.dumps(value)), dtype=torch.uint8)
        row = content.new_zeros(self.most(len(content)))
        row[: len(content)] = content
        return row

    def _wait(self, work: dist.Work, is_cuda: bool = False) -> None:
        """Until all have taken part; meanwhile signals are heard, and who is silent is missed."""
        if is_cuda:
            work.wait()  # for the queue of the GPU only; NCCL's own watch ends what hangs
            return
        while True:
            try:
                work.wait(_GLANCE)
                return
            except RuntimeError:
                if work.is_completed():
                    work.wait()  # raises what went wrong, if it did not just end well
                    return
            if self._pulse:
                self._pulse.check()


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
    if not started_by_torchrun():
        yield Group(pick_device(device))
        return
    here = pick_device(device, int(os.environ["LOCAL_RANK"]))
    if here.type == "cuda":
        torch.cuda.set_device(here)  # before NCCL looks for one
    backend = "cpu:gloo,cuda:nccl" if here.type == "cuda" else "gloo"
    dist.init_process_group(backend, timeout=_PATIENCE)
    rank, size = dist.get_rank(), dist.get_world_size()
    pulse = Pulse(rank, size, remedy)
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield Group(here, rank, size, pulse)
    except BaseException as fault:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun sends it; let it all be told first
        if isinstance(fault, RuntimeError) and _lost_another(fault):
            lost = f"one of {size} processes was lost or cannot be reached; {remedy}"
            raise RunError(told_cause() or lost) from None
        if isinstance(fault, SpeechRNNError):
            tell_cause(str(fault))
        raise
    finally:
        pulse.stop()
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


def _end(number: int, frame: FrameType | None) -> None:
    if sys.exc_info()[0] is None:  # else it is ending already
        raise RunError("was told to end (SIGTERM), as when another process was lost")


def _lost_another(fault: RuntimeError) -> bool:
    return isinstance(fault, dist.DistError) or "gloo" in str(fault)


def _value(row: Tensor) -> Any:
    """What `Group._row` made bytes of."""
    return pickle.loads(row.numpy().tobytes())


def merged(parts: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Rows that the processes of a group have by name, put together as `Group.part` took them."""
    whole: dict[str, Tensor] = {}
    for name in parts[0]:
        rows = [part[name].cpu() for part in parts]
        whole[name] = rows[0].new_empty(sum(map(len, rows)), *rows[0].shape[1:])
        for rank, mine in enumerate(rows):
            whole[name][rank :: len(parts)] = mine
    return whole
