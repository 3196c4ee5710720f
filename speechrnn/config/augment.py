"""Settings of the random changes to training data."""

from __future__ import annotations

from pydantic import Field, model_validator

from speechrnn.config.section import Probability, Section


class AugmentConfig(Section):
    """Random changes to training audio and features (`speechrnn.augment`).

    Each `*_probability` is per utterance; ranges are (low, high) and drawn uniformly.
    """

    shift_ms: float = Field(100.0, ge=0)  # silence up to this long before and after the clip
    trim_ms: float = Field(0.0, ge=0)  # cut off up to this much at either end, a quarter at most
    speed: tuple[float, float] = (0.9, 1.1)
    gain_db: tuple[float, float] = (-12.0, 6.0)
    noise_probability: Probability = 0.5
    noise_snr_db: tuple[float, float] = (5.0, 30.0)
    reverberation_probability: Probability = 0.2
    reverberation_s: tuple[float, float] = (0.1, 0.6)  # RT60
    band_limit_probability: Probability = 0.2
    band_limit_hz: tuple[float, float] = (2500.0, 7000.0)
    time_masks: int = Field(1, ge=0)
    time_mask_ms: float = Field(100.0, ge=0)
    frequency_masks: int = Field(1, ge=0)
    frequency_mask_share: Probability = 0.2  # of the feature dimension (log-mel only)
    mixup_probability: Probability = 0.0
    mixup_alpha: float = Field(0.2, gt=0)

    @model_validator(mode="after")
    def _ranges(self) -> AugmentConfig:
        for name in ("speed", "gain_db", "noise_snr_db", "reverberation_s", "band_limit_hz"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} must be [low, high], got [{low:g}, {high:g}]")
            if low <= 0 and name in ("speed", "reverberation_s", "band_limit_hz"):
                raise ValueError(f"{name} must be above 0, got {low:g}")
        return self
