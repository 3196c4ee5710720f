"""Trained networks that another one learns from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from speechrnn.augment.strings import Strung
from speechrnn.errors import ConfigError
from speechrnn.models.command import CommandModel


class Teacher:
    """Networks whose averaged probabilities take the place of labels, in part.

    Distillation after G. Hinton, O. Vinyals and J. Dean, "Distilling the Knowledge in a Neural
    Network" (2015, arXiv 1503.02531), at temperature 1. They hear clips as the pupil's training
    data has them, changed at random, but each by itself and whole, in streams as well.

    Attributes:
        digests: SHA-256 of each network's weights, in hex.
    """

    def __init__(self, models: Sequence[CommandModel], pupil: CommandModel, share: float) -> None:
        """Set up.

        Args:
            models: With a clip head each.
            pupil: Who learns.
            share: Of a target that the networks decide on; the label has the rest.

        Raises:
            ConfigError: A network judges other labels, or hears at another rate.
        """
        rate_hz = pupil.config.features.sample_rate_hz
        for number, model in enumerate(models, 1):
            if list(model.vocabulary) != list(pupil.vocabulary):
                raise ConfigError(
                    f"teacher {number} knows the labels {', '.join(model.vocabulary) or 'none'}, "
                    f"the training data has {', '.join(pupil.vocabulary) or 'none for clips'}"
                )
            if model.config.features.sample_rate_hz != rate_hz:
                raise ConfigError(
                    f"teacher {number} hears {model.config.features.sample_rate_hz} Hz, "
                    f"expected {rate_hz}; train it at the same rate"
                )
        self.digests = [digest_of(model) for model in models]
        device = next(pupil.parameters()).device
        self._models = [model.to(device).eval() for model in models]
        self._share = share

    @torch.no_grad()
    def shares(self, wave: Tensor, wave_lens: Tensor, shares: Tensor) -> Tensor:
        """(B, V) what the pupil shall say of clips.

        Args:
            wave: (B, S) float32, anything beyond `wave_lens`.
            wave_lens: (B) samples, int64.
            shares: (B, V) float32, the share of each label.
        """
        if not self._models:
            return shares
        judged = [model.logits(*model.features(wave, wave_lens)) for model in self._models]
        mean = torch.stack(judged).float().softmax(-1).mean(0)
        return (1 - self._share) * shares + self._share * mean

    def strung_shares(self, strung: Strung, shares: Tensor) -> Tensor:
        """(B, K, V) what the pupil shall say of clips strung together.

        Args:
            strung: The streams.
            shares: (B, K, V) float32, the share of each label.
        """
        if not self._models:
            return shares
        wave, starts = strung.wave, strung.starts.to(strung.wave.device)
        lens = strung.stops.to(wave.device) - starts
        places = starts[:, :, None] + torch.arange(int(lens.max()), device=wave.device)
        rows = torch.arange(len(wave), device=wave.device)[:, None, None]
        clips = wave[rows, places.clamp(max=wave.shape[1] - 1)].flatten(0, 1)
        return self.shares(clips, lens.flatten(), shares.flatten(0, 1)).view(shares.shape)


def digest_of(model: CommandModel) -> str:
    """SHA-256 of a network's weights, in hex."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
