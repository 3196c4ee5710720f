"""Kill a training at random moments with SIGKILL, resume it, and compare what comes out.

Usage: python tests/training/kill_and_resume.py DATA WORK [--kills 20] [--seed 0]

DATA holds the Kaldi directories `train` and `valid`; WORK is made. A training of a few seconds is
run once undisturbed. Then the same training is run again and again, each time killed and resumed
until it finishes, till there were enough kills. Weights, running average, optimizer and metrics
of all of them must be the same, bit for bit.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

import torch

from speechrnn.config import parse_config
from speechrnn.datadir import read_datadir
from speechrnn.training.checkpoint import read_checkpoint
from speechrnn.training.corpus import Corpus
from speechrnn.training.loop import train

TREE = {
    "clip_ms": 800,
    "features": {"sample_rate_hz": 8000, "high_hz": 3800, "n_mels": 20, "n_mfcc": 10},
    "model": {"hidden_size": 12, "layers": 1, "pooling": "mean", "frame_head": "keyword"},
    "streaming": {"share": 0.6, "clips": 2},
    "training": {"epochs": 6, "batch_size": 4, "checkpoint_steps": 2, "learning_rate": 0.01},
}
TIMES = ("seconds", "clips_per_s")


def begin(data: Path, out: Path) -> int:
    """Start or resume the training in a process of its own, which begins with torch imported."""
    process = os.fork()
    if process:
        return process
    try:
        corpus = Corpus(read_datadir(data / "train"), read_datadir(data / "valid"))
        train(parse_config(TREE, "test"), corpus, out, resume=True, device=torch.device("cpu"))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def finish(process: int) -> bool:
    """Wait for a training's end; tells whether it was its own, not a kill."""
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return False
    if status:
        sys.exit("kill_and_resume.py: the training failed")
    return True


def same(one: Path, other: Path) -> bool:
    """Whether two finished trainings came out alike."""
    last = f"checkpoints/epoch-{TREE['training']['epochs']:04d}.safetensors"  # type: ignore[index]
    for name in (last, "best.safetensors"):
        a, b = (read_checkpoint(run / name).tensors for run in (one, other))
        if a.keys() != b.keys() or not all(torch.equal(a[k], b[k]) for k in a):
            return False
    lines = ((run / "metrics.jsonl").read_text().splitlines() for run in (one, other))
    records = [[json.loads(line) for line in each] for each in lines]
    for record in records[0] + records[1]:
        for figure in TIMES:
            record.pop(figure)
    return records[0] == records[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    whole = arguments.work / "whole"
    began = time.monotonic()
    if not finish(begin(arguments.data, whole)):
        sys.exit("kill_and_resume.py: the undisturbed training was killed")
    lasts_s = time.monotonic() - began
    moments = random.Random(arguments.seed)
    kills = runs = 0
    while kills < arguments.kills:
        runs += 1
        cut = arguments.work / f"cut-{runs}"
        while True:
            process = begin(arguments.data, cut)
            if kills < arguments.kills:
                time.sleep(moments.uniform(0.0, 0.4 * lasts_s))
                os.kill(process, signal.SIGKILL)  # of one that has ended: nothing happens
            if finish(process):
                break
            kills += 1
        if not same(whole, cut):
            sys.exit(f"kill_and_resume.py: {cut} came out other than {whole}")
    sys.stdout.write(f"{kills} kills, {runs} trainings finished, all the same bits\n")


if __name__ == "__main__":
    main()
