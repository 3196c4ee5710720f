"""A Dask cluster as what decodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import AbstractContextManager, contextmanager

from speechrnn.errors import ConfigError, DataError
from speechrnn.shards.making import local_executor

_ANSWER_S = 10  # within which a scheduler must answer


def executors(scheduler: str | None) -> Callable[[int], AbstractContextManager[Executor]]:
    """Given a number of utterances, what decodes them: this machine, or a Dask cluster."""
    if scheduler is None:
        return local_executor
    return lambda utterances: cluster_executor(scheduler)


@contextmanager
def cluster_executor(scheduler: str) -> Iterator[Executor]:
    """The workers of a Dask cluster; work of those that die is done by others.

    They need speechrnn, and the same files under the same paths as here.

    Args:
        scheduler: Its address, such as tcp://host:8786.

    Raises:
        ConfigError: Dask is not installed here, nobody answers, or the workers lack a package.
        DataError: The cluster was lost, or a task killed every worker that took it.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        raise ConfigError(
            "--scheduler needs Dask; pip install 'speechrnn[train,cluster]', or leave it out"
        ) from None
    try:
        client = Client(scheduler, timeout=_ANSWER_S)
    except (OSError, TimeoutError, ValueError):
        raise ConfigError(
            f"--scheduler {scheduler}: no Dask scheduler answers there; expected tcp://HOST:PORT"
        ) from None
    with client:
        try:
            yield client.get_executor(pure=False)
        except ImportError as fault:
            raise ConfigError(
                f"--scheduler {scheduler}: its workers lack {fault.name}; install speechrnn there"
            ) from None
        except (KilledWorker, CancelledError):
            raise DataError(
                f"--scheduler {scheduler}: lost, or its workers die of this work (out of memory?); "
                "finished shards are kept, the same command goes on"
            ) from None
