"""A whole configuration."""

from __future__ import annotations

from pydantic import Field, model_validator

from speechrnn.config.augment import AugmentConfig
from speechrnn.config.features import FeaturesConfig
from speechrnn.config.model import ModelConfig
from speechrnn.config.section import Section
from speechrnn.config.training import StreamingConfig, TrainingConfig
from speechrnn.frames import FrameGrid


class Config(Section):
    """Everything that defines a run but the data directories."""

    clip_ms: float = Field(1000.0, gt=0)  # longest utterance taken whole; longer: windows of it
    features: FeaturesConfig = FeaturesConfig()
    model: ModelConfig = ModelConfig()
    augment: AugmentConfig = AugmentConfig()
    streaming: StreamingConfig = StreamingConfig()
    training: TrainingConfig = TrainingConfig()

    @model_validator(mode="after")
    def _parts_fit(self) -> Config:
        if self.features.kind == "mfcc" and any(c.bands for c in self.model.convolutions):
            raise ValueError("model.convolutions: mfcc has no bands; set features.kind logmel")
        if self.model.frame_head == "keyword" and not self.streaming.share:
            raise ValueError("model.frame_head keyword learns from streams; set streaming.share")
        if self.model.frame_head == "ctc" and self.augment.mixup_probability:
            raise ValueError("augment.mixup_probability mixes words, which a CTC head cannot learn")
        if self.streaming.share and self.training.batch_size < self.streaming.clips:
            raise ValueError("training.batch_size must be at least streaming.clips")
        return self

    @property
    def grid(self) -> FrameGrid:
        """Where the network's output frames lie."""
        grid = self.features.grid
        for convolution in self.model.convolutions:
            grid = grid.then(convolution.kernel, convolution.stride)
        return grid

    def frames(self, duration_ms: float) -> int:
        """Output frames that last about so long."""
        hop_samples = self.grid.hop_samples
        return round(duration_ms * self.features.sample_rate_hz / 1000 / hop_samples)

    @property
    def clip_samples(self) -> int:
        """Samples of the longest utterance that is taken whole."""
        return round(self.clip_ms * self.features.sample_rate_hz / 1000)
