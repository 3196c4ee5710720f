"""What each network costs: training step, clip, stream; in turn, in CPU time of one thread.

A turn goes through all networks, so that what the machine does beside it falls on all of them.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from speechrnn.cli.script import run_script
from speechrnn.config import load_config
from speechrnn.models.command import CommandModel
from speechrnn.runtime.recognizer import Recognizer, load_model
from speechrnn.runtime.stream import Stream
from speechrnn.training.optimizer import clip_gradients, make_optimizer
from speechrnn.vocabulary import Vocabulary

TURNS = 9
CLIPS = 20  # of a turn
STREAM_S = 4.0  # of a turn
BLOCK_S = 0.02
CHUNK_MS = 160.0
LOOK_AHEAD_MS = {"uni": 0.0, "bi": 160.0}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=Path, required=True, help="folder of NAME/model.onnx")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("names", nargs="+", help="CELL_uni or CELL_bi")
    options = parser.parse_args()
    torch.set_num_threads(1)
    work: dict[str, dict[str, Callable[[], float]]] = {}
    for name in options.names:
        recognizer = load_model(options.experiments / name / "model.onnx", threads=1)
        look_ahead_ms = LOOK_AHEAD_MS[name.rpartition("_")[2]]
        work[name] = {
            "train_clips_per_s": training(options.experiments / f"{name}.yaml", recognizer),
            "clip_ms": clips(recognizer),
            "stream_ms": stream(recognizer, look_ahead_ms),
        }
    found = {name: {figure: [] for figure in figures} for name, figures in work.items()}
    for turn in range(-1, TURNS):  # the first one warms up
        for name, figures in work.items():
            for figure, measure in figures.items():
                value = measure()
                if turn >= 0:
                    found[name][figure].append(value)
    medians = {
        name: {figure: statistics.median(values) for figure, values in figures.items()}
        for name, figures in found.items()
    }
    facts = {
        "device": platform.processor() or "cpu",
        "chunk_ms": CHUNK_MS,
        "look_ahead_ms": LOOK_AHEAD_MS,
        "networks": medians,
    }
    options.out.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def training(config_path: Path, recognizer: Recognizer) -> Callable[[], float]:
    """One-second clips a second of a step: features, network, gradient, optimiser."""
    config, labels = load_config(config_path), Vocabulary(recognizer.info.labels)
    model = CommandModel(config, labels).train()
    optimizer = make_optimizer(model, config.training)
    size, rate_hz = config.training.batch_size, config.features.sample_rate_hz
    wave = 0.05 * torch.randn(size, rate_hz, generator=torch.Generator().manual_seed(0))
    lens, targets = torch.full((size,), rate_hz), torch.arange(size) % len(labels)

    def step() -> None:
        with torch.no_grad():
            feats, feat_lens = model.features(wave, lens)
        loss = nn.functional.cross_entropy(model.logits(feats, feat_lens), targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        clip_gradients(model, config.training)
        optimizer.step()

    return lambda: size / cpu_s(step)


def clips(recognizer: Recognizer) -> Callable[[], float]:
    """Milliseconds from the waveform of a clip to its word, in ONNX Runtime."""
    random = np.random.default_rng(0)
    noise = 0.05 * random.standard_normal((CLIPS, recognizer.info.clip_samples))
    waves, rate_hz = noise.astype(np.float32), recognizer.info.sample_rate_hz
    return lambda: 1000 / CLIPS * cpu_s(lambda: [recognizer.transcribe(w, rate_hz) for w in waves])


def stream(recognizer: Recognizer, look_ahead_ms: float) -> Callable[[], float]:
    """Milliseconds for 20 ms of audio that come in as one block."""
    rate_hz = recognizer.info.sample_rate_hz
    noise = 0.05 * np.random.default_rng(0).standard_normal(round(STREAM_S * rate_hz))
    size = round(BLOCK_S * rate_hz)
    blocks = np.split(noise.astype(np.float32), range(size, len(noise), size))
    live = Stream(recognizer, chunk_ms=CHUNK_MS, look_ahead_ms=look_ahead_ms)
    return lambda: 1000 / len(blocks) * cpu_s(lambda: [live.accept(block) for block in blocks])


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    run_script(main)
