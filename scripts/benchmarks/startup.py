"""Whole processes: seconds of `speechrnn --help` and of `speechrnn transcribe` on one file.

Medians over runs taken in turn, with a bare Python interpreter beside them as the yardstick.

Usage: python scripts/benchmarks/startup.py --model MODEL --file RECORDING [--runs 11]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--file", required=True)
    parser.add_argument("--runs", type=int, default=11)
    options = parser.parse_args()
    program = str(Path(sys.executable).with_name("speechrnn"))
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "speechrnn --help": [program, "--help"],
        "speechrnn transcribe": [program, "transcribe", options.file, "--model", options.model],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(-1, options.runs):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            if run >= 0:  # the first warms the disk cache
                seconds[name].append(time.perf_counter() - began)
    for name, values in seconds.items():
        median, low, high = statistics.median(values), min(values), max(values)
        print(f"{name:22} median {median:.3f} s  (min {low:.3f}, max {high:.3f})")


if __name__ == "__main__":
    main()
