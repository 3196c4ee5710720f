"""Many shards at once, on whatever runs functions: threads, processes, other machines."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager
from pathlib import Path

from speechrnn.datadir import Utterance
from speechrnn.errors import DataError
from speechrnn.shards.shard import write_shard

_WAITING = 64  # tasks handed out at a time: their utterances are in memory twice
_FEW = 2000  # utterances that are decoded sooner than processes start

Part = tuple[Path, Sequence[Utterance]]


def write_shards(
    parts: Iterable[Part],
    sample_rate_hz: int,
    executor: Executor,
    on_clip: Callable[[], None] = lambda: None,
) -> None:
    """Write shards; those that are there already, whole and of the same utterances, stay.

    What is written does not depend on the executor. On several machines paths must mean the same
    files everywhere.

    Args:
        parts: The file and the utterances of each shard.
        sample_rate_hz: Rate that everything is resampled to.
        executor: Runs the work.
        on_clip: Called for each utterance once its shard is there, for progress.

    Raises:
        DataError: A shard cannot be written, or a worker died.
    """
    pending: set[Future[int]] = set()
    try:
        for path, utterances in parts:
            pending.add(executor.submit(write_shard, path, utterances, sample_rate_hz))
            if len(pending) == _WAITING:
                pending = _collect(pending, on_clip)
        while pending:
            pending = _collect(pending, on_clip)
    except BrokenExecutor:
        raise DataError(
            "a process that decodes was killed (out of memory?); finished shards are kept, "
            "the same command goes on"
        ) from None
    finally:
        for future in pending:
            future.cancel()


@contextmanager
def local_executor(utterances: int) -> Iterator[Executor]:
    """Processes of this machine, one for each core, or threads where there is little to do."""
    if utterances <= _FEW:
        with ThreadPoolExecutor(4) as threads:
            yield threads
        return
    context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    with ProcessPoolExecutor(mp_context=context, initializer=_leave_ctrl_c_to_parent) as processes:
        yield processes


def _leave_ctrl_c_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _collect(pending: set[Future[int]], on_clip: Callable[[], None]) -> set[Future[int]]:
    done, rest = wait(pending, return_when=FIRST_COMPLETED)
    for future in done:
        for _ in range(future.result()):
            on_clip()
    return rest
