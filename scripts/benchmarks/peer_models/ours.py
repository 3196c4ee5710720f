"""This project's networks, trained, exported and heard as its users do it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

import speechrnn
from peer_models.clock import Clock
from peer_models.lists import Lists
from peer_models.measure import multiply_adds
from peer_models.peer import CLIP_SAMPLES
from peer_models.table import Row
from speechrnn.config import load_config
from speechrnn.evaluation.trial import Answer, answers, score_answers
from speechrnn.export.model_file import export_model
from speechrnn.training.checkpoint import load_experiment
from speechrnn.training.corpus import Corpus
from speechrnn.training.loop import train


def row_of_ours(config_path: Path, lists: Lists, budget_s: float, seed: int, folder: Path) -> Row:
    """Train as many epochs as the budget holds, no more than the configuration has, and measure.

    An epoch at the start, not counted, tells how long one takes.
    """
    first = _train(config_path, lists, folder / "first", ("training.epochs=1",), seed)
    whole = load_config(config_path).training.epochs
    epochs = max(1, min(whole, int(budget_s / first.total_s)))
    clock = _train(config_path, lists, folder / "run", (f"training.epochs={epochs}",), seed)
    network = load_experiment(folder / "run").eval()
    path = folder / "model.onnx"
    export_model(network, path, {})
    recognizer = speechrnn.load_model(path)
    info = recognizer.info
    heard = list(answers(lists.test, info.labels, info.sample_rate_hz, recognizer.clip_log_probs))
    scores = score_answers([a for a in heard if isinstance(a, Answer)], info.labels)
    clip = np.random.default_rng(0).normal(0, 0.05, CLIP_SAMPLES).astype(np.float32)
    wave, wave_lens = torch.from_numpy(clip)[None], torch.tensor([CLIP_SAMPLES])
    feats = network.features(wave, wave_lens)
    return Row(
        name=f"{config_path.stem} (speechrnn)",
        accuracy=scores.accuracy,
        parameters=network.num_parameters,
        multiply_adds=multiply_adds(lambda: network.logits(*feats)),
        file_bytes=path.stat().st_size,
        training_s=clock.total_s,
        epochs=epochs,
        eager=lambda: network.logits(*network.features(wave, wave_lens)).argmax(),
        onnx=lambda: recognizer.clip_log_probs([clip]).argmax(),
    )


def _train(
    config_path: Path, lists: Lists, out: Path, overrides: tuple[str, ...], seed: int
) -> Clock:
    config = load_config(config_path, (*overrides, f"training.seed={seed}", "training.threads=1"))
    corpus = Corpus(lists.train, lists.valid, lists.noise)
    clock = Clock()
    train(config, corpus, out, device=torch.device("cpu"), observer=clock)
    return clock
