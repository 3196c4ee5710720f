"""Accuracy, delay and CPU against latency, from one model file: a table in RESULTS.md."""

from __future__ import annotations

import argparse
import datetime
import platform
import statistics
import time
from pathlib import Path

import numpy as np
from tables import publish, share, title

from speechrnn.cli.script import run_script
from speechrnn.datadir import load_wave, read_datadir
from speechrnn.evaluation.choice import compare_choices
from speechrnn.evaluation.live_scores import LiveScores, score_live
from speechrnn.evaluation.live_trial import LiveListener
from speechrnn.evaluation.metrics import Rate
from speechrnn.runtime.recognizer import Recognizer, load_model
from speechrnn.runtime.stream import Stream, operating_point

LATENCIES_MS = ((160, 320), (160, 160), (160, 80), (160, 0), (80, 160), (80, 80), (80, 0))
BLOCK_S = 0.02
RUNS = 9


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="a test list; corpus.json by it")
    parser.add_argument("--name", required=True, help="of the experiment, for the heading")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--commit", required=True)
    options = parser.parse_args()
    recognizer = load_model(options.model)
    utterances = read_datadir(options.data)
    waves = [load_wave(u, recognizer.info.sample_rate_hz) for u in utterances[:60]]
    audio = np.concatenate(waves)
    rows, cut = [], Rate(0, 0)
    for chunk_ms, look_ahead_ms in LATENCIES_MS:
        point = operating_point(recognizer.info, chunk_ms, look_ahead_ms)
        trial = LiveListener(recognizer, point, [point.source]).trial(options.data, [])
        scores, choices = score_live(trial, point), compare_choices(trial, recognizer)
        cut = choices.cut
        cpu_ms = cpu_of_20_ms(recognizer, audio, chunk_ms, look_ahead_ms)
        latency_ms = (
            1000 * Stream(recognizer, chunk_ms=chunk_ms, look_ahead_ms=look_ahead_ms).latency_s
        )
        rows.append(
            f"| {chunk_ms} | {look_ahead_ms} | {latency_ms:.0f} | {share(choices.in_stream)} "
            f"| {share(scores.all_misses)} | {delay(scores)} | {cpu_ms:.3f} |"
        )
        print(rows[-1], flush=True)
    write(options, recognizer, rows, cut, len(utterances))


def cpu_of_20_ms(
    recognizer: Recognizer, audio: np.ndarray, chunk_ms: float, look_ahead_ms: float
) -> float:
    """Median over runs of the CPU time that 20 ms of audio take, in ms."""
    size = round(BLOCK_S * recognizer.info.sample_rate_hz)
    blocks = [audio[first : first + size] for first in range(0, len(audio), size)]
    times_ms = []
    for _ in range(RUNS):
        stream = Stream(recognizer, chunk_ms=chunk_ms, look_ahead_ms=look_ahead_ms)
        began = time.process_time()
        for block in blocks:
            stream.accept(block)
        times_ms.append(1000 * (time.process_time() - began) / len(blocks))
    return statistics.median(times_ms)


def write(
    options: argparse.Namespace, recognizer: Recognizer, rows: list[str], cut: Rate, count: int
) -> None:
    """Put the table into RESULTS.md in place of an earlier one."""
    section = [
        f"{datetime.date.today().isoformat()}, commit {options.commit}, "
        f"{recognizer.info.num_parameters:,} parameters, {platform.processor() or 'cpu'}, one "
        f"thread. {count} clips of the test list strung together into one stream; the same clips, "
        f"each cut out and heard whole: {share(cut)}. Accuracy is the forced choice among all "
        "classes by the pooling head; misses and delay (beyond the end of a word's sound: median, "
        "95%) are those of the events at the file's thresholds, found at one latency.",
        "",
        "| chunk (ms) | look-ahead (ms) | latency (ms) | accuracy in the stream | missed | "
        "delay (s) | CPU of 20 ms (ms) |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *rows,
    ]
    heading = f"{title(options.data)}: accuracy, delay and CPU against latency, {options.name}"
    publish(options.out, heading, section, options.model, "latency")


def delay(scores: LiveScores) -> str:
    """Median and 95% quantile of the detection delay."""
    found = scores.delay
    return f"{found.median_s:.2f}, {found.high_s:.2f}" if found else "none"


if __name__ == "__main__":
    run_script(main)
