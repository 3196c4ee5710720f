"""What decides how a run comes out and how fast: versions, machine, commit."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

import speechrnn

_CPU_FACTS = Path("/proc/cpuinfo")


def environment() -> dict[str, Any]:
    """Versions, machine and commit, as plain JSON values."""
    return {
        "speechrnn": speechrnn.__version__,
        "git_commit": _git_commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def arithmetic(device: torch.device) -> dict[str, Any]:
    """What the last bits of a training hang on, beside its settings and data.

    As plain JSON values.
    """
    cuda = device.type == "cuda"
    return {
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(device) if cuda else _cpu_name(),
        "threads": torch.get_num_threads(),
    }


def _cpu_name() -> str:
    if _CPU_FACTS.exists():
        for line in _CPU_FACTS.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "cpu"


def _git_commit() -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
