"""Streaming: CPU time for 20 ms of audio at several latencies, and a stream of many hours.

Everything that `Stream.accept` does is counted, on one thread, in blocks of 20 ms; medians and
quartiles over runs taken in turn. With --hours, instead: memory along a stream of so many hours at
44.1 kHz, and whether the times of a clip that is played now and then drift from where it was
placed. Without --model, an untrained network of the default configuration is exported first: time
and memory do not depend on the weights. Without --clip the clip is a tone; the word and the
threshold that tell it best from the background are looked for in the first minutes.

Usage: python scripts/benchmarks/streaming.py [--model FILE] [--runs 15] [--seconds 20]
       python scripts/benchmarks/streaming.py --hours 10 [--model FILE] [--clip FILE]
              [--background FILE...]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

import speechrnn
from speechrnn.audio import read_audio
from speechrnn.runtime.recognizer import Recognizer

LATENCIES_MS = ((160, 80), (160, 160), (80, 160), (80, 80), (160, 0), (160, 320))
BLOCK_S = 0.02
RATE_HZ = 44100  # of the long stream, so that it is resampled
NOISE_S = 61.7007
AFTER_S = 2.0  # from a clip's beginning on its events are expected for so long


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--hours", type=float)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--background", type=Path, nargs="+", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.model or Path(folder) / "model.onnx"
        if not options.model:  # elsewhere, so that training's packages do not count as memory
            process = multiprocessing.get_context("spawn").Process(
                target=export_untrained, args=(path,)
            )
            process.start()
            process.join()
        recognizer = speechrnn.load_model(path, threads=1)
    if options.hours:
        report_hours(recognizer, options.hours, options.clip, options.background)
    else:
        report_cpu(recognizer, options.runs, options.seconds)


def export_untrained(path: Path) -> None:
    """Write a model file of the default configuration with random weights and 12 words."""
    from speechrnn.config import Config
    from speechrnn.export.model_file import export_model
    from speechrnn.models.command import CommandModel
    from speechrnn.vocabulary import Vocabulary

    labels = Vocabulary([*(f"word{i:02}" for i in range(12)), "_silence_", "_unknown_"])
    export_model(CommandModel(Config(), labels), path, {})


def report_cpu(recognizer: Recognizer, runs: int, seconds: float) -> None:
    """CPU time of 20 ms of audio at the model's rate."""
    rate_hz = recognizer.info.sample_rate_hz
    noise = 0.05 * np.random.default_rng(0).standard_normal(round(seconds * rate_hz))
    wave, block = noise.astype(np.float32), round(BLOCK_S * rate_hz)
    blocks = [wave[start : start + block] for start in range(0, len(wave), block)]
    streams = [
        speechrnn.Stream(recognizer, chunk_ms=chunk_ms, look_ahead_ms=look_ahead_ms)
        for chunk_ms, look_ahead_ms in LATENCIES_MS
    ]
    times_ms: list[list[float]] = [[] for _ in streams]
    for run in range(-1, runs):
        for stream, values in zip(streams, times_ms, strict=True):
            began = time.process_time()
            for samples in blocks:
                stream.accept(samples)
            if run >= 0:  # the first warms up
                values.append(1e3 * (time.process_time() - began) / len(blocks))
    print(f"{recognizer.info.num_parameters:,} parameters; CPU ms for 20 ms of audio, one thread")
    for (chunk_ms, look_ahead_ms), stream, values in zip(
        LATENCIES_MS, streams, times_ms, strict=True
    ):
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        print(
            f"  chunk {chunk_ms:3} ms, look-ahead {look_ahead_ms:3} ms, latency "
            f"{1e3 * stream.latency_s:3.0f} ms: median {median:.3f}  quartiles {low:.3f} {high:.3f}"
        )


def report_hours(
    recognizer: Recognizer, hours: float, clip: Path | None, background: list[Path]
) -> None:
    """Memory and clock of a long stream, which is one loop played again and again."""
    loop, placed_s = make_loop(clip, background)
    loop_s = len(loop) / RATE_HZ
    thresholds = find_threshold(recognizer, loop, placed_s)
    stream = speechrnn.Stream(recognizer, RATE_HZ, thresholds=thresholds)
    blocks = split(loop)
    print(f"loop of {loop_s:.4f} s, the clip at {placed_s:.4f} s; memory {resident_mb():.1f} MB")
    began, events, medians_ms = time.process_time(), 0, []
    for tenth in range(1, 11):
        late_ms, plays = [], 0
        while stream.time_s < tenth * 360 * hours:
            heard = [event for block in blocks for event in stream.accept(block)]
            events, plays = events + len(heard), plays + 1
            late_s = [(event.start_s - placed_s + 1) % loop_s - 1 for event in heard]
            late_ms += [1e3 * value for value in late_s if value < AFTER_S]
        medians_ms.append(statistics.median(late_ms) if late_ms else float("nan"))
        print(
            f"{stream.time_s / 3600:6.2f} h: {resident_mb():.1f} MB, clip found {len(late_ms)} "
            f"times of {plays}, begins {medians_ms[-1]:+.1f} ms from its place (median; "
            f"{min(late_ms, default=0):+.1f} to {max(late_ms, default=0):+.1f})"
        )
    cpu_ms = 1e3 * (time.process_time() - began) * BLOCK_S / stream.time_s
    print(f"{events} events, {cpu_ms:.3f} ms CPU for 20 ms of audio, resampling included")
    print(f"drift from the first tenth to the last: {medians_ms[-1] - medians_ms[0]:+.1f} ms")


def make_loop(clip: Path | None, background: list[Path]) -> tuple[np.ndarray, float]:
    """(S,) samples at `RATE_HZ`, the clip in their middle, and when it begins."""
    random = np.random.default_rng(0)
    if background:
        loop = np.concatenate([read_audio(path, RATE_HZ)[0] for path in background])
    else:
        count = round(NOISE_S * RATE_HZ)
        loudness_db = np.interp(
            np.arange(count), np.linspace(0, count, 20), random.uniform(-70, -40, 20)
        )
        loop = (10 ** (loudness_db / 20) * random.standard_normal(count)).astype(np.float32)
    if clip:
        wave, _ = read_audio(clip, RATE_HZ)
    else:
        wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ // 2) / RATE_HZ).astype(np.float32)
    first = len(loop) // 2
    loop[first : first + len(wave)] += wave[: len(loop) - first]
    return loop, first / RATE_HZ


def find_threshold(recognizer: Recognizer, loop: np.ndarray, placed_s: float) -> dict[str, float]:
    """Thresholds at which only the word fires that tells the clip best from the background."""
    words = recognizer.info.words
    never = dict.fromkeys(words, 2.0)
    stream = speechrnn.Stream(recognizer, RATE_HZ, thresholds=never)
    near, far = np.ones(len(words)), np.zeros(len(words))
    for play in range(3):
        peak = np.zeros(len(words))
        for block in split(loop):
            stream.accept(block)
            late_s = (stream.time_s - placed_s) % (len(loop) / RATE_HZ)
            peaks = peak if 0 < late_s < AFTER_S else far
            if play:  # the first one begins in silence
                np.maximum(peaks, stream.posteriors, out=peaks)
        near = np.minimum(near, peak) if play else near
    best = int((near - far).argmax())
    if near[best] <= far[best]:
        raise SystemExit("no word of the model tells the clip from the background; give --clip")
    return {**never, words[best]: float(near[best] + far[best]) / 2}


def split(wave: np.ndarray) -> list[np.ndarray]:
    """Blocks of 20 ms at `RATE_HZ`."""
    block = round(BLOCK_S * RATE_HZ)
    return [wave[start : start + block] for start in range(0, len(wave), block)]


def resident_mb() -> float:
    """Memory of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
