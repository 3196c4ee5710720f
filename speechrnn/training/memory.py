"""Memory that one training step frees for the next."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # M_... of glibc's malloc.h


def keep_freed_memory() -> None:
    """Let the C library keep what is freed; it does not everywhere, and then nothing changes.

    glibc gives large blocks back to the system as soon as they are free. A training step on the
    CPU wants the same blocks again and again, and the system then fills every page with zeros.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, -1)
