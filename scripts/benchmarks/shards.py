"""What a clip of a sharded corpus costs, and the memory it takes, against the corpus's size.

Makes shards of noise, one-second clips at 16 kHz, and draws whole epochs from them, each in a
process of its own. The second figure of each line is the cost of going on in the middle.

    python scripts/benchmarks/shards.py --clips 10000 100000 300000
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from speechrnn.dataset import ShardedDataset
from speechrnn.shards.container import write_container
from speechrnn.shards.folder import SHARD_CLIPS, ShardFolder
from speechrnn.vocabulary import Vocabulary

RATE_HZ = 16000
WORDS = [f"word{number:03d}" for number in range(100)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--dir", type=Path, help="Where the shards are made; 32 kB a clip.")
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    results: dict[int, list[tuple[float, ...]]] = {count: [] for count in options.clips}
    with tempfile.TemporaryDirectory(dir=options.dir) as room:
        folder = make(Path(room), max(options.clips))
        for _ in range(options.repeats):
            for count in options.clips:  # in turn, since a machine's speed drifts
                with context.Pool(1) as pool:
                    results[count].append(pool.apply(measure, (folder, count, options.batch_size)))
    print("  clips   CPU µs/clip   µs/clip   most memory, MB   resume in the middle, CPU s")
    for count, rows in results.items():
        cpu, wall, memory, resume = (
            statistics.median(column) for column in zip(*rows, strict=True)
        )
        print(f"{count:7d}   {cpu:11.1f}   {wall:7.1f}   {memory:15.0f}   {resume:27.3f}")


def make(room: Path, count: int) -> ShardFolder:
    """Shards of noise."""
    random = np.random.default_rng(0)
    noise = random.integers(-3000, 3000, 1 << 24, dtype=np.int16)
    names, clips = [], []
    for number in range(-(-count // SHARD_CLIPS)):
        size = min(SHARD_CLIPS, count - number * SHARD_CLIPS)
        offsets = random.integers(0, len(noise) - RATE_HZ, size)
        table = np.frombuffer("\n".join(WORDS).encode(), np.uint8)
        arrays = {
            "samples": [noise[offset : offset + RATE_HZ] for offset in offsets],
            "lengths": [np.full(size, RATE_HZ)],
            "positions": [np.arange(size)],
            "text": [random.integers(0, len(WORDS), size).astype(np.int32)],
            "speaker": [np.zeros(size, np.int32)],
            "texts": [table],
            "speakers": [np.frombuffer(b"ann", np.uint8)],
            "ids": [np.frombuffer("\n".join(f"u{i}" for i in range(size)).encode(), np.uint8)],
        }
        facts = {"format": 1, "sample_rate_hz": RATE_HZ, "key": "", "faults": []}
        names.append(f"shard-{number:05d}.safetensors")
        clips.append(size)
        write_container(room / names[-1], arrays, facts)
    texts = dict(Counter(WORDS))
    return ShardFolder(
        room, RATE_HZ, tuple(names), tuple(clips), count * RATE_HZ, texts, ("ann",), (), ""
    )


def measure(folder: ShardFolder, count: int, batch_size: int) -> tuple[float, float, float, float]:
    """CPU and wall µs a clip, megabytes, and CPU seconds to the first batch of a resumption."""
    torch.set_num_threads(1)
    shards = -(-count // SHARD_CLIPS)
    part = ShardFolder(
        **{**vars(folder), "names": folder.names[:shards], "clips": folder.clips[:shards]}
    )
    dataset = ShardedDataset([part], Vocabulary(WORDS), RATE_HZ)
    cpu, wall = time.process_time(), time.perf_counter()
    clips = 0
    for _, draws in dataset.epoch(batch_size, 0.5, 0, 0):
        clips += len(draws)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    resumed = time.process_time()
    next(dataset.epoch(batch_size, 0.5, 0, 0, first=dataset.num_steps(batch_size) // 2))
    return cpu / clips * 1e6, wall / clips * 1e6, memory, time.process_time() - resumed


if __name__ == "__main__":
    main()
