"""Keeps what C libraries print away from the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Drop what is written to file descriptor 2 while the block runs, but for `sys.stderr`.

    ALSA and PortAudio print there what they also report, and would spoil a live view.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    text = os.fdopen(os.dup(terminal), "w", buffering=1)
    try:
        # Where something else stands in for standard error, as in tests, it may stay.
        with text, redirect_stderr(text if sys.stderr is sys.__stderr__ else sys.stderr):
            yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
