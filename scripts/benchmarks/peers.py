"""This project's networks and others', trained on the same clips for the same time, and measured.

All learn from DIR/train, are chosen by DIR/valid and heard once on DIR/test. Each gets as much
processor time for training, on one thread; on an idle machine it is the time by the clock. Peers
keep the settings that their authors published; what differs stands in peer_models/xvector.py, m5.py
and ds_cnn.py. Clips are decoded once and kept in memory for all of them, which is faster than the
loaders they come with. Times are taken of all models in turns at the end. The ONNX column is this
project's whole file, features included, through its recogniser; of the others only the network is
in the file, and their features are computed by torch.

SpeechBrain is not needed; without it its row is left out. It goes into an environment that has this
project's training packages already: pip install speechbrain

Usage: python scripts/benchmarks/peers.py --data DIR [--configs FILE ...] [--minutes 10]
                                          [--seed 0] [--runs 200] [--out FILE]
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
from peer_models.ds_cnn import ds_cnn
from peer_models.lists import Lists, read_lists
from peer_models.m5 import m5
from peer_models.ours import row_of_ours
from peer_models.peer import Peer
from peer_models.table import Row, markdown, timed
from peer_models.theirs import row_of_peer
from peer_models.xvector import xvector

from speechrnn.errors import SpeechRNNError

CONFIGS = Path(__file__).parents[2] / "recipes/speech_commands/conf"


def main() -> int:
    """Train each, time all in turns, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of Kaldi directories")
    parser.add_argument("--configs", type=Path, nargs="+", help="of this project's networks")
    parser.add_argument("--minutes", type=float, default=10, help="of training for each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=200, help="clips that are timed")
    parser.add_argument("--out", type=Path, help="file for the table")
    options = parser.parse_args()
    torch.set_num_threads(1)
    configs = options.configs or sorted(CONFIGS.glob("*.yaml"))
    rows: list[Row] = []
    try:
        lists = read_lists(options.data)
        with tempfile.TemporaryDirectory() as folder:
            for row in _rows(lists, configs, options, Path(folder)):
                rows.append(row)
                print(" | ".join(row.cells()), flush=True)
            rows = timed(rows, options.runs)
    except SpeechRNNError as fault:
        print(f"peers.py: {fault}", file=sys.stderr)
        return 2
    print(f"\n{markdown(rows)}", end="")
    if options.out:
        options.out.write_text(markdown(rows), encoding="utf-8")
    return 0


def _rows(
    lists: Lists, configs: list[Path], options: argparse.Namespace, folder: Path
) -> Iterator[Row]:
    budget_s = 60 * options.minutes
    for number, config in enumerate(configs):
        yield row_of_ours(config, lists, budget_s, options.seed, folder / f"ours{number}")
    for number, make in enumerate(_peers(lists, folder)):
        torch.manual_seed(options.seed)
        place = folder / f"peer{number}"
        place.mkdir()
        yield row_of_peer(make(), lists, budget_s, place)


def _peers(lists: Lists, folder: Path) -> Iterator[Callable[[], Peer]]:
    labels, noise = len(lists.vocabulary), lists.decode("noise")
    yield partial(m5, labels)
    yield partial(ds_cnn, labels, noise)
    if importlib.util.find_spec("speechbrain") is None:
        print("x-vector left out: pip install speechbrain", file=sys.stderr)
    else:
        yield partial(xvector, labels, noise, folder / "speechbrain")


if __name__ == "__main__":
    sys.exit(main())
