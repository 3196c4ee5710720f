"""Settings of the front end."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from speechrnn.config.section import Section
from speechrnn.frames import FrameGrid


class FeaturesConfig(Section):
    """From waveform to feature vectors (`speechrnn.features`)."""

    sample_rate_hz: int = Field(16000, ge=4000, le=48000)
    kind: Literal["logmel", "mfcc"] = "mfcc"
    style: Literal["torchaudio", "kaldi"] = "torchaudio"  # spectral analysis and mel scale
    window_ms: float = Field(32.0, gt=0)
    hop_ms: float = Field(20.0, gt=0)
    low_hz: float = Field(60.0, ge=0)
    high_hz: float = Field(7600.0, gt=0)
    n_mels: int = Field(40, ge=4)
    n_mfcc: int = Field(20, ge=1)
    deltas: int = Field(1, ge=0, le=2)
    floor: Literal["peak", "absolute"] = "peak"
    floor_db: float = 45.0  # below the running peak, or below full scale
    peak_decay_db_s: float = Field(10.0, ge=0)
    peak_least_db: float = -50.0  # where the peak starts and stops falling, below full scale

    @model_validator(mode="after")
    def _ranges(self) -> FeaturesConfig:
        if self.high_hz > self.sample_rate_hz / 2:
            raise ValueError(f"high_hz {self.high_hz:g} is above half of sample_rate_hz")
        if self.low_hz >= self.high_hz:
            raise ValueError("low_hz must be below high_hz")
        if self.kind == "mfcc" and self.n_mfcc > self.n_mels:
            raise ValueError("n_mfcc must not exceed n_mels")
        if self.hop_ms > self.window_ms:
            raise ValueError("hop_ms must not exceed window_ms")
        return self

    @property
    def window_samples(self) -> int:
        """Samples of one analysis window."""
        return round(self.window_ms * self.sample_rate_hz / 1000)

    @property
    def hop_samples(self) -> int:
        """Samples between analysis windows."""
        return round(self.hop_ms * self.sample_rate_hz / 1000)

    @property
    def delta_kernel(self) -> int:
        """Frames that one order of deltas looks at."""
        return 5

    @property
    def dimension(self) -> int:
        """F, the size of one feature vector."""
        return (self.n_mfcc if self.kind == "mfcc" else self.n_mels) * (1 + self.deltas)

    @property
    def grid(self) -> FrameGrid:
        """Where feature frames lie, deltas included."""
        grid = FrameGrid(self.window_samples, self.hop_samples)
        return grid.then(1 + self.deltas * (self.delta_kernel - 1))
