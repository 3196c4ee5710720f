"""Short-time spectra: everything up to the power in each band of the mel scale."""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor, nn
from torchaudio.compliance.kaldi import get_mel_banks
from torchaudio.functional import melscale_fbanks

from speechrnn.config import FeaturesConfig
from speechrnn.errors import ConfigError

_PREEMPHASIS = 0.97
# Added to each band's power before the logarithm. It stands about 140 dB below a full-scale sine:
# as low as float32 resolves in the spectrum of a loud frame, and below the noise of 16-bit audio.
LOG_OFFSET = 1e-10


class MelSpectrum(nn.Module):
    """Log power in mel bands, for windows that lie wholly inside the wave.

    Style `torchaudio` equals `torchaudio.transforms.MelSpectrogram(center=False)` with the HTK
    scale. Style `kaldi` equals Kaldi's `compute-fbank-feats` without dither, up to the constant
    that comes from waves in [-1, 1].

    Args:
        config: The front end's settings.

    Raises:
        ConfigError: A mel band is so narrow that no spectral line falls into it.
    """

    window: Tensor
    bank: Tensor

    def __init__(self, config: FeaturesConfig) -> None:
        super().__init__()
        self.kaldi = config.style == "kaldi"
        self.window_samples = config.window_samples
        self.hop_samples = config.hop_samples
        self.fft_size = 1 << (self.window_samples - 1).bit_length()
        self.register_buffer("window", self._window(), persistent=False)
        self.register_buffer("bank", self._bank(config), persistent=False)

    @property
    def full_scale(self) -> float:
        """Log power that counts as 0 dB: the spectral line of a sine of amplitude 1.

        A sine on the centre of a line gives sum(window) / 2 there, whatever its frequency
        (pre-emphasis left aside). Levels in decibels become log powers with this one number.
        """
        return 2 * math.log(self.window.double().sum().item() / 2)

    def forward(self, wave: Tensor) -> Tensor:
        """Log-mel spectra.

        Args:
            wave: (B, S) float32.

        Returns:
            (B, T, M), as many frames as whole windows fit.
        """
        if self.kaldi:
            spectrum = self.analyse(wave.unfold(-1, self.window_samples, self.hop_samples))
        else:
            # The window's own zeros pad each frame to the transform's size, without a copy.
            beyond = self.fft_size - self.window_samples
            window, wave = (nn.functional.pad(x, (0, beyond)) for x in (self.window, wave))
            spectrum = torch.fft.rfft(wave.unfold(-1, self.fft_size, self.hop_samples) * window)
        return self.log_mel(spectrum.real.square() + spectrum.imag.square())

    def analyse(self, frames: Tensor) -> Tensor:
        """(..., bins) complex spectra of (..., window_samples) samples; linear."""
        if self.kaldi:
            frames = frames - frames.mean(-1, keepdim=True)
            before = torch.cat([frames[..., :1], frames[..., :-1]], dim=-1)
            frames = frames - _PREEMPHASIS * before
        return torch.fft.rfft(frames * self.window.to(frames.dtype), n=self.fft_size)

    def log_mel(self, power: Tensor) -> Tensor:
        """(..., M) log power in mel bands from (..., bins) power spectra."""
        return torch.log(power @ self.bank + LOG_OFFSET)

    def frame_matrix(self) -> Tensor:
        """(window_samples, 2 * bins) that `analyse` multiplies a frame by: real | imaginary."""
        identity = torch.eye(self.window_samples, dtype=torch.float64, device=self.window.device)
        spectrum = self.analyse(identity)
        return torch.cat([spectrum.real, spectrum.imag], dim=-1).to(torch.float32)

    def _window(self) -> Tensor:
        if self.kaldi:
            hann = torch.hann_window(self.window_samples, periodic=False, dtype=torch.float64)
            return hann.pow(0.85).to(torch.float32)  # Kaldi's "povey" window
        return torch.hann_window(self.window_samples)

    def _bank(self, config: FeaturesConfig) -> Tensor:
        """(bins, M) weights."""
        low_hz, high_hz, rate_hz = config.low_hz, config.high_hz, config.sample_rate_hz
        if self.kaldi:
            bank, _ = get_mel_banks(
                config.n_mels, self.fft_size, rate_hz, low_hz, high_hz, 100.0, -500.0, 1.0
            )
            bank = nn.functional.pad(bank.T, (0, 0, 0, 1))  # Kaldi leaves the Nyquist line out
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # empty bands are an error here
                bank = melscale_fbanks(
                    self.fft_size // 2 + 1, low_hz, high_hz, config.n_mels, rate_hz
                )
        empty = int((bank.sum(0) == 0).sum())
        if empty:
            raise ConfigError(
                f"features: {empty} of {config.n_mels} mel bands between {low_hz:g} and "
                f"{high_hz:g} Hz hold no spectral line; lower n_mels or widen window_ms"
            )
        return bank
