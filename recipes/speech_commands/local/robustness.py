"""Accuracy of a model file in noise, at other levels, over a telephone, in rooms: a table."""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
from tables import publish, share, title

from speechrnn.augment.conditions import Condition, all_conditions
from speechrnn.cli.script import run_script
from speechrnn.datadir import read_datadir
from speechrnn.dataset import Dataset, load_dataset, sequential_batches
from speechrnn.evaluation.material import read_negatives
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.trial import true_labels
from speechrnn.runtime.recognizer import Recognizer, load_model
from speechrnn.vocabulary import SILENCE, Vocabulary

BATCH_SIZE = 64


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="a test list; corpus.json by it")
    parser.add_argument(
        "--noise", type=Path, action="append", required=True,
        help="recordings that nothing was trained on: folder or Kaldi directory; repeatable",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=20_000, help="none that anything trained with")
    parser.add_argument("--name", required=True, help="of the experiment, for the heading")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--commit", required=True)
    options = parser.parse_args()
    measure(options)


def measure(options: argparse.Namespace) -> None:
    """Try all conditions and write them down."""
    recognizer = load_model(options.model)
    info = recognizer.info
    utterances = read_datadir(options.data)
    truths = true_labels(utterances, info.labels)
    spoken = [u for u, label in zip(utterances, truths, strict=True) if label != SILENCE]
    clips = load_dataset(spoken, Vocabulary([]), info.sample_rate_hz)
    noises = [u for folder in options.noise for u in read_negatives(folder, ()).utterances]
    noise = load_dataset(noises, Vocabulary([]), info.sample_rate_hz).arena
    rows = []
    for condition in all_conditions(info.sample_rate_hz, options.seed, noise):
        rate = accuracy(recognizer, clips, condition)
        rows.append(f"| {condition.kind} | {condition.degree} | {share(rate)} |")
        print(rows[-1], flush=True)
    folders = " and ".join(folder.name for folder in options.noise)
    section = [
        f"{datetime.date.today().isoformat()}, commit {options.commit}, {info.num_parameters:,} "
        f"parameters, seed {options.seed}. {len(clips)} clips of the test list, all that are no "
        "silence, each alone under one condition. Noise: a stretch of one of "
        f"{len(noises)} recordings ({folders}), none of them trained on, at a ratio to the whole "
        "clip's mean power. Gain: what leaves full scale is clipped. Telephone: through 8 kHz. "
        "Room: direct sound and decaying noise, 0 to 12 dB below it, other draws than in training.",
        "",
        "| condition | | accuracy (95% interval, Wilson) |",
        "| --- | --- | --- |",
        *rows,
    ]
    heading = f"{title(options.data)}: robustness, {options.name}"
    publish(options.out, heading, section, options.model, "robustness")


def accuracy(recognizer: Recognizer, clips: Dataset, condition: Condition) -> Rate:
    """Share of the clips that are heard right under a condition."""
    labels = recognizer.info.labels
    truths = true_labels(clips.utterances, labels)
    hits = 0
    for batch in sequential_batches(clips, BATCH_SIZE):
        wave, wave_lens = clips.waves(batch)
        changed = condition(wave, wave_lens, batch).numpy()
        waves = [row[:length] for row, length in zip(changed, wave_lens.tolist(), strict=True)]
        heard = np.argmax(recognizer.clip_log_probs(waves), axis=1)
        hits += sum(labels[best] == truths[i] for best, i in zip(heard, batch, strict=True))
    return Rate(hits, len(clips))


if __name__ == "__main__":
    run_script(main)
