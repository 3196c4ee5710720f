"""Memory that a training step frees stays with the process."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

from speechrnn.training.memory import keep_freed_memory

_COUNT_FAULTS = """
import resource, torch
from speechrnn.training.memory import keep_freed_memory
keep_freed_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(40):
    torch.ones(16 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_a_large_block_is_used_again() -> None:
    """64 MiB are 16,384 pages, which a loop need not fetch from the system every time."""
    done = subprocess.run(
        [sys.executable, "-c", _COUNT_FAULTS], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 10 * 16384


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    keep_freed_memory()
