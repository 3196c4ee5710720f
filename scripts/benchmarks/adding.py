"""The adding problem: which cells learn to carry two numbers over so many frames, and how fast.

Each cell trains on new sequences until the mean squared error of the last 100 batches is a tenth of
chance (1/6), or the steps are over. `speechrnn.diagnosis.adding` describes the problem.

Usage: python scripts/benchmarks/adding.py [--frames 200] [--steps 1000] [--cells gru,lstm]
       [--learning-rate 0.02] [--memory-frames 200] [--hidden-size 16] [--batch-size 16] [--seeds 3]
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections import deque
from typing import get_args

import torch

from speechrnn.config import Cell
from speechrnn.diagnosis.adding import CHANCE, learn_adding

WINDOW = 100  # batches


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", default=",".join(get_args(Cell)))
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--learning-rate", type=float, default=0.02)
    parser.add_argument("--memory-frames", type=int)
    parser.add_argument("--hidden-size", type=int, default=16)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{options.frames} frames, {options.hidden_size} units; chance is {CHANCE:.4f}")
    for cell, seed in itertools.product(options.cells.split(","), range(options.seeds)):
        began, errors = time.process_time(), deque[float](maxlen=WINDOW)
        learning = learn_adding(
            cell,
            options.frames,
            hidden_size=options.hidden_size,
            batch_size=options.batch_size,
            learning_rate=options.learning_rate,
            memory_frames=options.memory_frames,
            seed=seed,
        )
        for step, error in enumerate(itertools.islice(learning, options.steps), start=1):
            errors.append(error)
            if step >= WINDOW and statistics.mean(errors) < CHANCE / 10:
                break
        seconds = time.process_time() - began
        print(
            f"{cell:12} seed {seed}: error {statistics.mean(errors):.4f} after {step:5} steps, "
            f"{1000 * seconds / step:.1f} ms of CPU each",
            flush=True,
        )


if __name__ == "__main__":
    main()
