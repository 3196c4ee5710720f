"""The store that torchrun keeps for the processes of a run: what they tell each other."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta

import torch.distributed as dist

FAULTS = (RuntimeError, OSError)  # of a store that is gone or cannot be reached

_PATIENCE = timedelta(seconds=5)
_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
_CAUSE = "cause"


def started_by_torchrun() -> bool:
    """Whether this process is one of several that torchrun started."""
    return all(name in os.environ for name in _TORCHRUN) and int(os.environ["WORLD_SIZE"]) > 1


def open_store() -> dist.TCPStore:
    """A connection of one's own; every use of it may raise FAULTS."""
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    return dist.TCPStore(address, port, is_master=False, timeout=_PATIENCE)


def key(name: str) -> str:
    """Where `name` is kept, apart from what other programs and earlier starts keep there."""
    return f"speechrnn/{name}/{os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}"


def says_first(message: str) -> bool:
    """Whether no other process of the run has said this; alone, always."""
    if not started_by_torchrun():
        return True
    digest = hashlib.sha256(message.encode()).hexdigest()
    try:
        return open_store().add(key(f"said/{digest}"), 1) == 1
    except FAULTS:
        return True


def tell_cause(fault: str) -> None:
    """Leave word of why this process ends, as the others will only miss it."""
    try:
        open_store().set(key(_CAUSE), fault)
    except FAULTS:
        return


def told_cause() -> str | None:
    """Why another process ended, if it left word."""
    try:
        store = open_store()
        return store.get(key(_CAUSE)).decode() if store.check([key(_CAUSE)]) else None
    except FAULTS:
        return None
