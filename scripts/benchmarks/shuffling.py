"""What shuffling block by block costs: accuracy and loss beside those of a corpus in memory.

Trains the same small network several times on a Kaldi data directory, from memory, from shards in
small blocks, and, to show that the measure can see harm, from shards that hold the clips as the
directory sorts them, read one piece after the other.

    python scripts/benchmarks/shuffling.py --train data/train --valid data/valid
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import torch

from speechrnn.config import parse_config
from speechrnn.datadir import read_datadir
from speechrnn.dataset import ShardedDataset
from speechrnn.shards.cache import ClipCache
from speechrnn.shards.folder import make_shards
from speechrnn.training import corpus as corpora
from speechrnn.training.corpus import Corpus
from speechrnn.training.loop import train

RATE_HZ = 8000
CONFIG = {
    "clip_ms": 1000,
    "features": {"sample_rate_hz": RATE_HZ, "high_hz": 3800},
    "augment": {"noise_probability": 0.0},
    "model": {"hidden_size": 48, "layers": 1},
}


def main() -> None:
    """Train and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--valid", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--piece-clips", type=int, default=32)
    parser.add_argument("--block-pieces", type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(1)
    learnt, watched = read_datadir(options.train), read_datadir(options.valid)
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        with ThreadPoolExecutor(2) as threads:
            dealt = make_shards(learnt, room / "dealt", RATE_HZ, threads, shard_clips=1024)
            by_word = sorted(learnt, key=lambda utterance: utterance.text)
            # A single shard keeps the order of its list.
            in_order = make_shards(by_word, room / "sorted", RATE_HZ, threads, shard_clips=10**9)
        piece, block = options.piece_clips, options.block_pieces
        ways: dict[str, tuple[Corpus, Callable[..., ShardedDataset]]] = {
            "memory": (Corpus(learnt, watched, cache=ClipCache(room)), ShardedDataset),
            f"blocks of {block} pieces of {piece} clips": (
                Corpus([dealt], watched, cache=ClipCache(room)),
                partial(ShardedDataset, piece_clips=piece, block_pieces=block),
            ),
            f"sorted by word, pieces of {piece}": (
                Corpus([in_order], watched, cache=ClipCache(room)),
                partial(ShardedDataset, piece_clips=piece, block_pieces=1),
            ),
        }
        results: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for seed in range(options.seeds):
            for name, (material, dataset) in ways.items():
                corpora.ShardedDataset = dataset  # type: ignore[assignment, misc]
                tree = {
                    **CONFIG,
                    "training": {"epochs": options.epochs, "batch_size": 32, "seed": seed},
                }
                out = room / f"{seed} {name}"
                train(parse_config(tree, "benchmark"), material, out, device=torch.device("cpu"))
                results[name].append(_last_scores(out))
                print(f"seed {seed}  {name}: accuracy {results[name][-1][0]:.1%}", flush=True)
    print(
        f"\n{len(learnt)} clips, {options.epochs} epochs, {options.seeds} seeds; last epoch, ± sd"
    )
    for name, scores in results.items():
        accuracy, loss = zip(*scores, strict=True)
        print(f"{name:48s} accuracy {_spread(accuracy, 100)} %   loss {_spread(loss, 1)}")


def _last_scores(out: Path) -> tuple[float, float]:
    record = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
    return record["valid_accuracy"], record["valid_loss"]


def _spread(values: Sequence[float], scale: float) -> str:
    mean, deviation = statistics.mean(values), statistics.stdev(values)
    return f"{mean * scale:.3f} ± {deviation * scale:.3f}"


if __name__ == "__main__":
    main()
