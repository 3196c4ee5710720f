"""The front end: from waveform to normalised feature vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from speechrnn.config import FeaturesConfig
from speechrnn.features.cepstrum import cepstral_matrix
from speechrnn.features.deltas import append_deltas
from speechrnn.features.floor import Floor
from speechrnn.features.spectrum import MelSpectrum


class FrontEnd(nn.Module):
    """Mel spectrum, floor, cepstrum, deltas, normalisation; nothing here is trained.

    Only windows that lie wholly inside the wave make frames, so a stream and a whole file yield
    the same numbers; the caller supplies the context that `grid` asks for.

    Args:
        config: The front end's settings.

    Raises:
        ConfigError: A mel band holds no spectral line.
    """

    mean: Tensor
    std: Tensor
    cepstrum: Tensor | None

    def __init__(self, config: FeaturesConfig) -> None:
        super().__init__()
        self.config = config
        self.grid = config.grid
        self.spectrum = MelSpectrum(config)
        self.floor = Floor(config, self.spectrum.full_scale)
        cepstrum = cepstral_matrix(config) if config.kind == "mfcc" else None
        self.register_buffer("cepstrum", cepstrum, persistent=False)
        self.register_buffer("mean", torch.zeros(config.dimension))
        self.register_buffer("std", torch.ones(config.dimension))

    def set_statistics(self, mean: Tensor, std: Tensor) -> None:
        """Set what features are normalised with, both (F)."""
        self.mean.copy_(mean)
        self.std.copy_(std)

    def initial_peak(self, batch_size: int) -> Tensor:
        """(B) the running peak at the start of a stream."""
        return self.mean.new_full((batch_size,), self.floor.least)

    def frame_matrix(self) -> Tensor:
        """(window_samples, 2 * bins): maps a frame's samples to its spectrum, real | imaginary."""
        return self.spectrum.frame_matrix()

    @torch.no_grad()
    def forward(self, wave: Tensor, peak: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Features of every whole window.

        Args:
            wave: (B, S) float32 in [-1, 1], context included, S at least `grid.window_samples`.
            peak: (B) running peak before the first window, in log power; none: the start of a
                stream.

        Returns:
            (B, T, F) features, T = `grid.valid_frames(S)`, and (B, Tb) running peaks after each
            frame of the spectrum (before deltas; Tb = 0 with an absolute floor).
        """
        feats, peaks = self.floor(self.spectrum(wave), peak)
        if self.cepstrum is not None:
            feats = feats @ self.cepstrum
        feats = append_deltas(feats, self.config.deltas, self.config.delta_kernel)
        return (feats - self.mean) / self.std, peaks
