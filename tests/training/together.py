"""Trainings that tests compare with those of one process; start it with torchrun.

Usage: torchrun --nproc-per-node 2 tests/training/together.py DATA WORK

DATA holds the Kaldi directories `train` and `valid`, WORK/shards the former as shards. Each
training goes to WORK/NAME; beside it stand NAME.losses.json, the loss of every step, and
NAME.seen-RANK.json, the utterances that a process had in each step on clips and in each batch of
validation.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from speechrnn.config import Config, parse_config
from speechrnn.datadir import read_datadir
from speechrnn.dataset import Dataset, ShardedDataset
from speechrnn.shards.folder import ShardFolder, make_shards, read_shard_folder
from speechrnn.training import corpus as corpora
from speechrnn.training import loop, validation
from speechrnn.training.corpus import Corpus
from speechrnn.training.distributed import Group, processes
from speechrnn.training.loop import train
from speechrnn.training.observer import Observer

# 36 clips, four or five in a batch: processes have unlike numbers of them.
SECTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "plain": {},
    "clips": {"augment": {"mixup_probability": 0.5}},
    "convolutions": {
        "model": {"convolutions": [{"channels": 8, "kernel": 3, "stride": 2}], "batch_norm": True}
    },
    "streams": {"model": {"frame_head": "keyword"}, "streaming": {"share": 0.8, "clips": 3}},
    "sequences": {"model": {"frame_head": "ctc"}, "streaming": {"share": 0.5, "clips": 2}},
    "dropout": {
        "model": {"frame_head": "keyword", "dropout": 0.3},
        "streaming": {"share": 0.5, "clips": 2},
    },
}
SHARDED = {f"{name}-sharded": name for name in ("clips", "plain", "streams")}
SMALL_BLOCKS = partial(ShardedDataset, piece_clips=3, block_pieces=3)
CUT_AT = 13


def config_of(name: str) -> Config:
    tree: dict[str, Any] = {
        "clip_ms": 800,
        "features": {"sample_rate_hz": 8000, "high_hz": 3800, "n_mels": 20, "n_mfcc": 10},
        "model": {"hidden_size": 12, "layers": 1, "pooling": "mean", "dropout": 0.0},
        "training": {"epochs": 2, "batch_size": 5, "learning_rate": 0.01, "checkpoint_steps": 6},
    }
    for section, values in SECTIONS[name].items():
        tree[section] = tree.get(section, {}) | values
    return parse_config(tree, name)


class Cut(Exception):
    pass


class Listener(Observer):
    """Keeps every step's loss, and breaks off after some."""

    def __init__(self, last: int | None = None) -> None:
        self.losses: list[float] = []
        self.notes: list[str] = []
        self.last = last

    def note(self, line: str) -> None:
        self.notes.append(line)

    def step_done(self, loss: float, clips: int) -> None:
        self.losses.append(loss)
        if len(self.losses) == self.last:
            raise Cut


def corpus_of(data: Path) -> Corpus:
    return Corpus(read_datadir(data / "train"), read_datadir(data / "valid"))


def shards_of(data: Path, out: Path) -> ShardFolder:
    """36 clips in 8 shards."""
    with ThreadPoolExecutor(1) as threads:
        return make_shards(read_datadir(data / "train"), out, 8000, threads, shard_clips=5)


def run(name: str, corpus: Corpus, work: Path, group: Group) -> None:
    seen: dict[str, list[list[str]]] = {"train": [], "valid": []}
    make_batch, batches = loop.make_batch, validation._batches

    def making(dataset: Dataset, draws: Tensor, *rest: Any) -> Any:
        clips = dataset.clips(draws).tolist()
        seen["train"].append([dataset.utterances[clip].id for clip in clips])
        return make_batch(dataset, draws, *rest)

    def watching(dataset: Dataset, *rest: Any) -> Iterator[Tensor]:
        for indices in batches(dataset, *rest):
            seen["valid"].append([dataset.utterances[clip].id for clip in indices.tolist()])
            yield indices

    loop.make_batch, validation._batches = making, watching
    listener = Listener()
    try:
        train(
            config_of(SHARDED.get(name, name)),
            corpus,
            work / name,
            device=group.device,
            group=group,
            observer=listener,
        )
    finally:
        loop.make_batch, validation._batches = make_batch, batches
    (work / f"{name}.seen-{group.rank}.json").write_text(json.dumps(seen))
    if group.is_first:
        (work / f"{name}.losses.json").write_text(json.dumps(listener.losses))


def main() -> None:
    data, work = map(Path, sys.argv[1:])
    torch.set_num_threads(1)
    corpus = corpus_of(data)
    with processes("cpu") as group:
        for name in SECTIONS:
            run(name, corpus, work, group)
        corpora.ShardedDataset = SMALL_BLOCKS  # type: ignore[misc,assignment]
        sharded = Corpus([read_shard_folder(work / "shards")], corpus.valid)
        for name in SHARDED:
            run(name, sharded, work, group)
        cut = {"device": group.device, "group": group}
        for last in (CUT_AT, None):
            try:
                out = work / "cut"
                listener = Listener(last)
                train(config_of("dropout"), corpus, out, observer=listener, resume=True, **cut)
            except Cut:
                pass


if __name__ == "__main__":
    main()
