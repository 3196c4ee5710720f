"""Time from the start of `speechrnn train` to its first step: without a cache, cold and warm.

python scripts/benchmarks/first_step.py --data data/all --repeats 3
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEP = """
import json, sys, time
from pathlib import Path
import torch
from speechrnn.config import Config
from speechrnn.datadir import read_datadir
from speechrnn.shards.cache import ClipCache
from speechrnn.training.corpus import Corpus
from speechrnn.training.loop import train
from speechrnn.training.observer import Observer


class Clock(Observer):
    def epoch_begins(self, epoch, epochs, steps):
        print(json.dumps(["loaded", time.time(), time.process_time()]), flush=True)

    def step_done(self, loss, clips):
        print(json.dumps(["step", time.time(), time.process_time()]), flush=True)
        sys.exit()


if __name__ == "__main__":
    data, out, cache = sys.argv[1:]
    torch.set_num_threads(1)
    kept = ClipCache(Path(cache)) if cache else None
    corpus = Corpus(read_datadir(data), cache=kept)
    train(Config(), corpus, Path(out), device=torch.device("cpu"), observer=Clock())
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    times: dict[str, list[float]] = {"no cache": [], "cold cache": [], "warm cache": []}
    for _ in range(options.repeats):
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "step.py"
            script.write_text(STEP, encoding="utf-8")
            for name in times:
                cache = "" if name == "no cache" else f"{folder}/cache"
                began = time.time()
                command = [sys.executable, script, options.data, f"{folder}/{name}", cache]
                lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                times[name].append(json.loads(lines.splitlines()[-1])[1] - began)
    for name, values in times.items():
        print(f"{name:10s}  first step after {statistics.median(values):6.2f} s (median)")


if __name__ == "__main__":
    main()
