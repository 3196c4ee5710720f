"""Time from the start of a training process to its first step: without a cache, cold and warm.

python scripts/benchmarks/first_step.py --data data/all --repeats 3
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# What the processes that decode must not import stays out of the module's body.
STEP = """
import sys, time


def main(data, out, cache):
    from pathlib import Path
    import torch
    from speechrnn.config import Config
    from speechrnn.datadir import read_datadir
    from speechrnn.shards.cache import ClipCache
    from speechrnn.training.corpus import Corpus
    from speechrnn.training.loop import train
    from speechrnn.training.observer import Observer

    class Clock(Observer):
        def step_done(self, loss, clips):
            print(time.time(), flush=True)
            sys.exit()

    torch.set_num_threads(1)
    kept = ClipCache(Path(cache)) if cache else None
    corpus = Corpus(read_datadir(data), cache=kept)
    train(Config(), corpus, Path(out), device=torch.device("cpu"), observer=Clock())


if __name__ == "__main__":
    main(*sys.argv[1:])
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    times: dict[str, list[tuple[float, float]]] = {
        "no cache": [],
        "cold cache": [],
        "warm cache": [],
    }
    for _ in range(options.repeats):
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "step.py"
            script.write_text(STEP, encoding="utf-8")
            for name in times:
                cache = "" if name == "no cache" else f"{folder}/cache"
                began, cpu = time.time(), _cpu_s()
                command = [sys.executable, script, options.data, f"{folder}/{name}", cache]
                lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                cpu = _cpu_s() - cpu
                times[name].append((float(lines) - began, cpu))
    print("medians       first step after, s   CPU, s")
    for name, rows in times.items():
        wall, cpu = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"{name:12s}  {wall:19.2f}   {cpu:6.2f}")


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
