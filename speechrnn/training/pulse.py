"""The life signs of the processes of a run."""

from __future__ import annotations

import os
import platform
import threading

import torch.distributed as dist

from speechrnn.errors import RunError
from speechrnn.training.store import FAULTS, key, open_store

BEAT_S = 2.0
PATIENCE_BEATS = 30  # of one's own, so that a run that sleeps as a whole misses nobody


class Pulse:
    """Beats in a thread of its own, however busy the process is, and listens to the others.

    A process that dies closes its connections, which the others notice at once. One that was
    stopped, or whose machine hangs or was cut off, does not.
    """

    def __init__(self, rank: int, size: int, remedy: str) -> None:
        """Start to beat.

        Args:
            rank: Which process this is.
            size: How many they are.
            remedy: What to do when one is silent.
        """
        self._keys = [key(f"pulse/{other}") for other in range(size)]
        self._rank = rank
        self._remedy = remedy
        self._fault: str | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def check(self) -> None:
        """See to it that the others live.

        Raises:
            RunError: One is silent.
        """
        if self._fault:
            raise RunError(self._fault)

    def stop(self) -> None:
        """Beat no more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        place = f"pid {os.getpid()} on {platform.node()}"
        store: dist.TCPStore | None = None
        heard = [b""] * len(self._keys)
        silence = [0] * len(self._keys)
        count = 0
        while not self._ended.wait(BEAT_S):
            count += 1
            try:
                store = store or open_store()
                store.set(self._keys[self._rank], f"{count} {place}")
                beats = store.multi_get(self._keys) if store.check(self._keys) else heard
            except FAULTS:
                store = None
                continue
            silence = [
                missed + 1 if beat == last and beat else 0
                for beat, last, missed in zip(beats, heard, silence, strict=True)
            ]
            heard = beats
            if max(silence) >= PATIENCE_BEATS:
                self._fault = self._silent(silence.index(max(silence)), heard)
                return

    def _silent(self, rank: int, heard: list[bytes]) -> str:
        place = heard[rank].decode().partition(" ")[2]
        return (
            f"process {rank} of {len(heard)} ({place}) gave no sign of life for "
            f"{PATIENCE_BEATS * BEAT_S:.0f} s: stopped, hanging or cut off; {self._remedy}"
        )
