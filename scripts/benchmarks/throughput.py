"""Training speed: clips/s end to end, and where a step's time goes.

Medians over steps taken in turn in one process: a whole step (cut, augment, features, network,
optimizer), the same step on features that are ready, and each part by itself; on a GPU each part
is waited for, so that only the whole step overlaps.

Usage: python scripts/benchmarks/throughput.py [--config FILE] [--steps 60] [--threads 1]
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from speechrnn.augment import Augmenter
from speechrnn.config import Config, load_config
from speechrnn.dataset import Dataset
from speechrnn.models.command import CommandModel
from speechrnn.training.distributed import pick_device
from speechrnn.training.memory import keep_freed_memory
from speechrnn.training.optimizer import (
    clip_gradients,
    make_optimizer,
    start_average,
    update_average,
)
from speechrnn.vocabulary import Vocabulary

T = TypeVar("T")
CLIPS = 4096


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_freed_memory()  # as `train` does
    config = load_config(options.config) if options.config else Config()
    device = pick_device(options.device)
    size, rate_hz = config.training.batch_size, config.features.sample_rate_hz

    random, clips = np.random.default_rng(0), torch.arange(CLIPS)
    arena = torch.from_numpy(random.integers(-9000, 9000, CLIPS * rate_hz, dtype=np.int16))
    lengths = torch.full((CLIPS,), rate_hz)
    dataset = Dataset(arena, clips * rate_hz, lengths, clips % 12, []).to(device)
    model = CommandModel(config, Vocabulary(f"word{i}" for i in range(12))).to(device)
    optimizer = make_optimizer(model, config.training)
    average = start_average(model)
    augmenter = Augmenter(config.augment, config.features, config.training.seed, None, device)

    def batches() -> Iterator[tuple[int, torch.Tensor]]:
        for epoch in itertools.count():
            played = partial(augmenter.lengths, epoch=epoch)
            for _, draws in dataset.epoch(size, 0.0, 0, epoch, played=played):
                yield epoch, draws

    @torch.no_grad()
    def cut(epoch: int, draws: torch.Tensor) -> tuple[torch.Tensor, ...]:
        places = dataset.starts[draws], dataset.lengths[draws]
        return draws, *augmenter.waves(dataset.arena, *places, draws, epoch)

    @torch.no_grad()
    def features(
        clips: torch.Tensor, wave: torch.Tensor, lens: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        feats, feat_lens = model.features(wave, lens)
        return augmenter.features(feats, feat_lens, clips, 0), feat_lens, dataset.targets[clips]

    def loss(feats: torch.Tensor, feat_lens: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(model.logits(feats, feat_lens), labels)

    def backward(loss: torch.Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()

    def update() -> None:
        clip_gradients(model, config.training)
        optimizer.step()
        update_average(average, model, config.training.average_decay, 0)

    def learn(*ready: torch.Tensor) -> None:
        backward(loss(*ready))
        update()

    def clock(work: Callable[..., T], *arguments: Any) -> tuple[float, T]:
        if device.type == "cuda":
            torch.cuda.synchronize()
        began = time.perf_counter()
        result = work(*arguments)
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - began, result

    found: list[dict[str, float]] = []
    for step, batch in zip(range(-5, options.steps), batches(), strict=False):
        times = {}
        times["whole"], _ = clock(lambda batch=batch: learn(*features(*cut(*batch))))
        times["cut, change the waves"], waves = clock(cut, *batch)
        times["features and masks"], ready = clock(features, *waves)
        times["network alone"], _ = clock(learn, *ready)
        times["  forward"], value = clock(loss, *ready)
        times["  backward"], _ = clock(backward, value)
        times["  clip, step, average"], _ = clock(update)
        if step >= 0:
            found.append(times)
    medians = {name: statistics.median(times[name] for times in found) for name in found[0]}
    whole_s = medians["whole"]
    print(f"device {device}, {options.threads} threads, batch {size}, one-second clips")
    for name, seconds in medians.items():
        shown = f"{1000 * seconds:8.1f} ms {size / seconds:8.0f} clips/s"
        print(f"{name:24}{shown} {seconds / whole_s:8.1%} of a whole step")


if __name__ == "__main__":
    main()
