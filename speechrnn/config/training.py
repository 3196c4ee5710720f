"""Settings of training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from speechrnn.config.section import Probability, Section


class StreamingConfig(Section):
    """Training on clips strung together (`speechrnn.training.streams`); ranges are (low, high)."""

    share: Probability = 0.0  # of the training steps; the others see clips by themselves
    clips: int = Field(4, ge=1)  # of one piece: behind it the gradient is cut, the state goes on
    gap_ms: tuple[float, float] = (0.0, 400.0)  # between clips
    chunk_ms: tuple[float, float] = (80.0, 320.0)  # committed at a time
    look_ahead_ms: tuple[float, float] = (0.0, 320.0)  # seen beyond
    whole_share: Probability = 0.2  # of the pieces: no chunks, the backward direction sees it all

    @model_validator(mode="after")
    def _ranges(self) -> StreamingConfig:
        for name in ("gap_ms", "chunk_ms", "look_ahead_ms"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise ValueError(f"{name} must be [low, high] from 0 on, got [{low:g}, {high:g}]")
        return self


class OptimizerConfig(Section):
    """How weights move (`speechrnn.training.optimizer`)."""

    learning_rate: float = Field(2e-3, gt=0)
    warmup_share: Probability = 0.1
    weight_decay: float = Field(0.01, ge=0)
    clip_norm: float | None = Field(5.0, gt=0)
    clip_value: float | None = Field(None, gt=0)


class TrainingConfig(OptimizerConfig):
    """The training loop (`speechrnn.training`)."""

    epochs: int = Field(30, ge=1)
    batch_size: int = Field(64, ge=1)
    label_smoothing: Probability = 0.1
    frame_weight: float = Field(1.0, gt=0)  # of the frame head's loss, beside the clip head's
    teacher_share: Probability = 0.8  # of a target that teachers decide on, where there are any
    average_decay: Probability = 0.99  # exponential average of the weights; 0 turns it off
    patience: int | None = Field(None, ge=1)  # epochs without a better validation loss
    sparsity: float = Field(0.0, ge=0, lt=1)  # of each matrix: weights at zero in the end
    # Output frames of a clip that gradients go back through time; none: all. In streams a piece's
    # end is the limit.
    bptt_frames: int | None = Field(None, ge=1)
    precision: Literal["float32", "bfloat16"] = "float32"
    balance: Probability = 0.5  # 0: classes as they come, 1: drawn equally often
    threads: int | None = Field(None, ge=1)  # CPU threads; none: as torch chooses
    checkpoint_steps: int = Field(1000, ge=1)  # between two, and one at the end of each epoch
    keep_checkpoints: int = Field(2, ge=1)  # the last so many, beside the best epoch's
    seed: int = Field(0, ge=0)
