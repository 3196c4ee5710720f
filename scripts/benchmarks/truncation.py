"""Full and truncated back-propagation through time on long recordings: memory, time, accuracy.

Memory and CPU time are those of a step (forward and gradient) of the recurrent layers on noise,
each length of stretch in a process of its own; memory is what the process grew by. What is learnt
is the adding problem: two numbers whose marks lie up to --adding-frames apart.

Usage: python scripts/benchmarks/truncation.py [--cell gru] [--frames 1500] [--bptt 500,100,20]
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import resource
import statistics
import time
from typing import Any

import torch

from speechrnn.config import ModelConfig
from speechrnn.diagnosis.adding import CHANCE, learn_adding
from speechrnn.models.encoder import RecurrentEncoder

INPUTS = 64


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cell", default="gru")
    parser.add_argument("--hidden-size", type=int, default=128)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--frames", type=int, default=1500)
    parser.add_argument("--bptt", default="500,100,20", help="frames, separated by commas")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--adding-cell", default="mingru")
    parser.add_argument("--adding-frames", type=int, default=100)
    parser.add_argument("--adding-bptt", default="50,25", help="frames, separated by commas")
    parser.add_argument("--adding-steps", type=int, default=400)
    options = parser.parse_args()
    config = ModelConfig(
        cell=options.cell, hidden_size=options.hidden_size, layers=options.layers, dropout=0.0
    )
    print(
        f"{options.cell}, {options.layers} layers of {options.hidden_size} units in both "
        f"directions, {options.batch_size} recordings of {options.frames} frames, one thread"
    )
    spawn = multiprocessing.get_context("spawn")
    for frames in [None, *map(int, options.bptt.split(","))]:
        with spawn.Pool(1) as pool:
            shape = (options.batch_size, options.frames)
            memory_mb, frame_us = pool.apply(cost, (config, shape, frames, options.repeats))
        print(f"  {name(frames):13} {memory_mb:6.0f} MB, {frame_us:6.1f} us of CPU a frame")
    print(
        f"adding problem, {options.adding_cell}, {options.adding_frames} frames; error of the last "
        f"50 of {options.adding_steps} steps, chance is {CHANCE:.4f}"
    )
    for frames in [None, *map(int, options.adding_bptt.split(","))]:
        learning = learn_adding(
            options.adding_cell,
            options.adding_frames,
            hidden_size=16,
            batch_size=16,
            learning_rate=0.02,
            bptt_frames=frames,
        )
        errors = list(itertools.islice(learning, options.adding_steps))
        print(f"  {name(frames):13} {statistics.mean(errors[-50:]):.4f}", flush=True)


def name(bptt_frames: int | None) -> str:
    """For people."""
    return "full" if bptt_frames is None else f"{bptt_frames} frames"


def cost(
    config: ModelConfig, shape: tuple[int, int], bptt_frames: int | None, repeats: int
) -> tuple[float, float]:
    """Growth in MB, and microseconds of CPU for each of the frames of all recordings."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    encoder, x = RecurrentEncoder(config, INPUTS), torch.randn(*shape, INPUTS)
    lens = torch.full(shape[:1], shape[1])

    def step(x: torch.Tensor, lens: torch.Tensor) -> None:
        if bptt_frames is None:
            hidden: Any = encoder(x, lens)[0]
        else:
            hidden = encoder.truncated(x, lens, bptt_frames)
        hidden.square().mean().backward()

    encoder.truncated(x[:, :8], lens.clamp(max=8), 4)  # imports much of torch, once
    step(x[:, :8], lens.clamp(max=8))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    for _ in range(repeats):
        began = time.process_time()
        step(x, lens)
        times.append(time.process_time() - began)
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return grown_kb / 1000, 1e6 * statistics.median(times) / x[..., 0].numel()


if __name__ == "__main__":
    main()
