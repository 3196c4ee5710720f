"""Utterances heard in several processes, where torchrun started them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from speechrnn.errors import ConfigError

if TYPE_CHECKING:
    from speechrnn.training.distributed import Group

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def together() -> Iterator[Group | None]:
    """The processes that torchrun started; none where this one is alone, which needs no torch."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield None
        return
    from speechrnn.training.distributed import processes

    with processes("cpu", "start them again") as group:
        yield group


def alone(what: str) -> None:
    """See to it that there is one process.

    Raises:
        ConfigError: torchrun started several.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ConfigError(f"{what} runs in one process; start it without torchrun")


def each_heard(
    group: Group | None, things: Sequence[T], hear: Callable[[Sequence[T]], Iterable[R]]
) -> list[R]:
    """What is heard in each of `things`, in order.

    Args:
        group: Processes that hear every so manieth each.
        things: What to hear, the same in all processes.
        hear: Gives one result for each thing.

    Returns:
        All results on the first process, nothing elsewhere.
    """
    if group is None:
        return list(hear(things))
    parts = group.gather(list(hear(things[group.rank :: group.size])))
    count = len(parts)
    return [parts[i % count][i // count] for i in range(len(things))] if parts else []
