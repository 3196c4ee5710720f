"""What a network in training or out of a checkpoint says about recordings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from speechrnn.models.command import CommandModel


@torch.no_grad()
def clip_log_probs(
    model: CommandModel, waves: Sequence[np.ndarray], batch_size: int = 64
) -> np.ndarray:
    """Log-probabilities of whole clips.

    Args:
        model: The network; evaluated without dropout.
        waves: (S_i,) float32 each, at the model's rate.
        batch_size: Clips per forward pass.

    Returns:
        (N, V) float32, in the order of `waves`.
    """
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
