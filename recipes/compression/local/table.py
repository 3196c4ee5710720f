"""Accuracy against size and time, a row for each network: a table in RESULTS.md.

Times are CPU times on one thread, medians over blocks of runs in which all networks take turns.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechrnn.cli.script import run_script
from speechrnn.datadir import load_wave, read_datadir
from speechrnn.errors import DataError
from speechrnn.evaluation.results import replace_section
from speechrnn.evaluation.training_record import read_record
from speechrnn.evaluation.trial import Answer, answers, score_answers
from speechrnn.runtime.recognizer import Recognizer, load_model
from speechrnn.runtime.stream import Stream

CLIPS = 20
BLOCKS = 25
BLOCK_S = 0.02
CHUNK_MS = 160.0  # as much look-ahead
HEAD = (
    "| network | parameters | float32: MB | validation | test | int8: MB | validation | test "
    "| ms for a clip | ms for 20 ms of stream |"
)


@dataclass(frozen=True)
class Cost:
    """Medians of CPU time, in milliseconds."""

    clip_ms: float
    stream_ms: float


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exp", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--command", required=True)
    parser.add_argument("--commit", required=True)
    parser.add_argument("names", nargs="+")
    options = parser.parse_args()
    folders = [options.exp / name for name in options.names]
    models = [
        [load_model(folder / f"{kind}.onnx", threads=1) for kind in ("float32", "int8")]
        for folder in folders
    ]
    costs = measure([model for pair in models for model in pair], options.data / "valid")
    pairs = zip(costs[::2], costs[1::2], strict=True)
    rows = [
        row(name, whole, small, *cost, options.data)
        for name, (whole, small), cost in zip(options.names, models, pairs, strict=True)
    ]
    section = [
        f"{datetime.date.today().isoformat()}, commit {options.commit}, `{options.command}`: "
        f"{platform.processor() or 'cpu'}, one thread. Intervals are 95%, Wilson. Times: the file "
        "in float32 / in 8 bits. A clip is a second, from samples to log-probabilities; a stream "
        f"runs in chunks of {CHUNK_MS:g} ms with as much look-ahead.",
        "",
        HEAD,
        "| --- " * (HEAD.count("|") - 1) + "|",
        *rows,
    ]
    print("\n".join(section))
    replace_section(options.out, title(options.data), section)


def title(data: Path) -> str:
    """Corpus and task, where the recipe that made the lists tells."""
    if not (data / "corpus.json").exists():
        return data.name
    corpus = read_record(data / "corpus.json")
    return f"{corpus['corpus']}: {corpus['task']}"


def row(name: str, whole: Recognizer, small: Recognizer, a: Cost, b: Cost, data: Path) -> str:
    """One network's line."""
    cells = [name.replace("_", " "), f"{whole.info.num_parameters:,}"]
    for model in (whole, small):
        cells.append(f"{model.info.file_bytes / 1e6:.3f}")
        cells += [accuracy(model, data / part) for part in ("valid", "test")]
    cells += [f"{a.clip_ms:.2f} / {b.clip_ms:.2f}", f"{a.stream_ms:.3f} / {b.stream_ms:.3f}"]
    return "| " + " | ".join(cells) + " |"


def accuracy(model: Recognizer, data: Path) -> str:
    """A share with its interval.

    Raises:
        DataError: A clip cannot be read.
    """
    labels, rate_hz = model.info.labels, model.info.sample_rate_hz
    given = list(answers(read_datadir(data), labels, rate_hz, model.clip_log_probs))
    heard = [answer for answer in given if isinstance(answer, Answer)]
    if len(heard) < len(given):
        raise DataError(f"{data}: {len(given) - len(heard)} clips cannot be read; fix it first")
    its = score_answers(heard, labels).accuracy
    return f"{its.share:.1%} ({its.interval.low:.1%}–{its.interval.high:.1%})"


def measure(models: list[Recognizer], data: Path) -> list[Cost]:
    """What each model costs, all on the same audio."""
    rate_hz = models[0].info.sample_rate_hz
    clips = [load_wave(utterance, rate_hz) for utterance in read_datadir(data)[:CLIPS]]
    audio = np.concatenate(clips)
    size = round(BLOCK_S * rate_hz)
    blocks = [audio[first : first + size] for first in range(0, len(audio), size)]
    clip_ms: list[list[float]] = [[] for _ in models]
    stream_ms: list[list[float]] = [[] for _ in models]
    for block in range(-1, BLOCKS):
        for model, clip_times, stream_times in zip(models, clip_ms, stream_ms, strict=True):
            stream = Stream(model, chunk_ms=CHUNK_MS, look_ahead_ms=CHUNK_MS)
            began = time.process_time()
            for clip in clips:
                model.clip_log_probs([clip])
            between = time.process_time()
            for samples in blocks:
                stream.accept(samples)
            ended = time.process_time()
            if block >= 0:  # the first warms up
                clip_times.append(1e3 * (between - began) / len(clips))
                stream_times.append(1e3 * (ended - between) / len(blocks))
    return [
        Cost(statistics.median(a), statistics.median(b))
        for a, b in zip(clip_ms, stream_ms, strict=True)
    ]


if __name__ == "__main__":
    run_script(main)
