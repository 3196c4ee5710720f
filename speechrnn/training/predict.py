"""What an experiment's best weights say about recordings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from speechrnn.models.command import CommandModel
from speechrnn.training.checkpoint import load_experiment


def predict(
    experiment: str | Path, waves: Sequence[np.ndarray], batch_size: int = 64
) -> np.ndarray:
    """Log-probabilities of whole clips under an experiment's best weights.

    Args:
        experiment: A run directory.
        waves: (S_i,) float32 each, at the model's rate.
        batch_size: Clips per forward pass.

    Returns:
        (N, V) float32, in the order of `waves`.
    """
    return clip_log_probs(load_experiment(experiment), waves, batch_size)


@torch.no_grad()
def clip_log_probs(
    model: CommandModel, waves: Sequence[np.ndarray], batch_size: int = 64
) -> np.ndarray:
    """Log-probabilities of whole clips; arguments as for `predict`."""
    model.eval()
    result = np.zeros((len(waves), len(model.vocabulary)), dtype=np.float32)
    order = np.argsort([len(wave) for wave in waves], kind="stable")
    for begin in range(0, len(order), batch_size):
        indices = order[begin : begin + batch_size]
        batch = [torch.from_numpy(waves[i]) for i in indices]
        wave = torch.nn.utils.rnn.pad_sequence(batch, batch_first=True)
        wave_lens = torch.tensor([len(w) for w in batch])
        logits = model.logits(*model.features(wave, wave_lens))
        result[indices] = torch.log_softmax(logits, -1).numpy()
    return result
