"""Training speed: clips/s end to end, and the share of time that is not the network's.

Both are medians over steps taken in turn in one process: a whole step (cut, augment, features,
network, optimizer) and the same step on features that are ready.

Usage: python scripts/benchmarks/throughput.py [--config FILE] [--steps 60] [--threads 1]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from speechrnn.augment import Augmenter
from speechrnn.config import Config, load_config
from speechrnn.models.command import CommandModel
from speechrnn.training.distributed import pick_device
from speechrnn.training.optimizer import (
    clip_gradients,
    make_optimizer,
    start_average,
    update_average,
)
from speechrnn.vocabulary import Vocabulary


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = load_config(options.config) if options.config else Config()
    device = pick_device(options.device)
    size, rate_hz = config.training.batch_size, config.features.sample_rate_hz

    random = np.random.default_rng(0)
    arena = torch.from_numpy(random.integers(-9000, 9000, 500 * rate_hz, dtype=np.int16))
    arena = arena.to(device)
    starts = torch.arange(500, device=device) * rate_hz
    lengths = torch.full((500,), rate_hz, device=device)
    targets = torch.arange(500, device=device) % 12
    model = CommandModel(config, Vocabulary(f"word{i}" for i in range(12))).to(device)
    optimizer = make_optimizer(model, config.training)
    average = start_average(model)
    augmenter = Augmenter(config.augment, config.features, config.training.seed, None, device)

    @torch.no_grad()
    def prepare(step: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        clips = torch.from_numpy(np.random.default_rng(step).integers(0, 500, size))
        wave, lens = augmenter.waves(arena, starts[clips], lengths[clips], clips, step)
        feats, feat_lens = model.features(wave, lens)
        return augmenter.features(feats, feat_lens, clips, step), feat_lens, targets[clips]

    def learn(feats: torch.Tensor, feat_lens: torch.Tensor, labels: torch.Tensor) -> None:
        loss = nn.functional.cross_entropy(model.logits(feats, feat_lens), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        clip_gradients(model, config.training)
        optimizer.step()
        update_average(average, model, config.training.average_decay, 0)

    def clock(work: Callable[[], object]) -> float:
        if device.type == "cuda":
            torch.cuda.synchronize()
        began = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - began

    whole, network = [], []
    for step in range(-5, options.steps):
        seconds = clock(lambda step=step: learn(*prepare(step + 5)))
        ready = prepare(step + 5)
        bare = clock(lambda ready=ready: learn(*ready))
        if step >= 0:
            whole.append(seconds)
            network.append(bare)
    step_s, network_s = statistics.median(whole), statistics.median(network)
    print(f"device {device}, {options.threads} threads, batch {size}, one-second clips")
    print(f"end to end      {size / step_s:8.0f} clips/s")
    print(f"network alone   {size / network_s:8.0f} clips/s")
    print(f"not the network {1 - network_s / step_s:8.1%} of the time")


if __name__ == "__main__":
    main()
