"""Latency: one clip, from waveform to word, in onnxruntime and in eager PyTorch, one thread each.

Medians over blocks of runs taken in turn in one process, after the model is loaded. Without
--model, an untrained network of the configuration is exported first: time does not depend on the
weights.

Usage: python scripts/benchmarks/latency.py [--config FILE | --model FILE] [--runs 400]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import speechrnn
from speechrnn.config import Config, load_config, parse_config
from speechrnn.export.model_file import export_model
from speechrnn.models.command import CommandModel
from speechrnn.vocabulary import Vocabulary

BLOCK = 20  # runs of one way before the other has its turn


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--config", type=Path)
    source.add_argument("--model", type=Path)
    parser.add_argument("--runs", type=int, default=400)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.model:
        report(options.model, options.runs)
        return
    config = load_config(options.config) if options.config else Config()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        labels = Vocabulary(f"word{i:02}" for i in range(12))
        export_model(CommandModel(config, labels), path, {})
        report(path, options.runs)


def report(path: Path, runs: int) -> None:
    """Time a model file against an eager network of the same shape."""
    recognizer = speechrnn.load_model(path, threads=1)
    info = recognizer.info
    network = CommandModel(parse_config(info.config, str(path)), Vocabulary(info.labels)).eval()
    noise = np.random.default_rng(0).standard_normal((BLOCK, info.clip_samples)) * 0.05
    clips = noise.astype(np.float32)
    lens = torch.tensor([info.clip_samples])

    def in_pytorch(clip: np.ndarray) -> str:
        logits = network.logits(*network.features(torch.from_numpy(clip)[None], lens))
        return network.vocabulary.symbol(int(logits.argmax()))

    ways: dict[str, Callable[[np.ndarray], object]] = {
        "onnxruntime": lambda clip: recognizer.transcribe(clip, info.sample_rate_hz),
        "eager PyTorch": in_pytorch,
    }
    times_ms: dict[str, list[float]] = {name: [] for name in ways}
    with torch.inference_mode():
        for block in range(-1, -(-runs // BLOCK)):
            for name, work in ways.items():
                for clip in clips:
                    began = time.perf_counter()
                    work(clip)
                    if block >= 0:  # the first block warms up
                        times_ms[name].append(1e3 * (time.perf_counter() - began))
    print(f"{info.file_bytes / 1e6:.2f} MB, {network.num_parameters:,} parameters, one thread")
    print(f"clip of {info.clip_samples / info.sample_rate_hz:g} s, waveform to word:")
    medians = {name: statistics.median(values) for name, values in times_ms.items()}
    for name, values in times_ms.items():
        print(f"  {name:14s} median {medians[name]:.2f} ms, fastest {min(values):.2f} ms")
    print(f"  ratio {medians['eager PyTorch'] / medians['onnxruntime']:.1f}")


if __name__ == "__main__":
    main()
