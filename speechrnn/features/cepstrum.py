"""Mel-frequency cepstral coefficients."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torchaudio.functional import create_dct

from speechrnn.config import FeaturesConfig

_LIFTER = 22.0  # Kaldi's


def cepstral_matrix(config: FeaturesConfig) -> Tensor:
    """The matrix that turns log-mel spectra into cepstra.

    The orthonormal DCT-II; in style `kaldi` with Kaldi's lifter folded in.

    Returns:
        (n_mels, n_mfcc) float32.
    """
    matrix = create_dct(config.n_mfcc, config.n_mels, "ortho")
    if config.style == "kaldi":
        order = torch.arange(config.n_mfcc)
        matrix = matrix * (1 + 0.5 * _LIFTER * torch.sin(math.pi * order / _LIFTER))
    return matrix.contiguous()
