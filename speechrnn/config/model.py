"""Settings of the network."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from speechrnn.config.section import Probability, Section

# attention: learned weights; multihead: weights by a query of the middle frame; none: no clip head
Pooling = Literal["last", "mean", "max", "attention", "multihead", "none"]
Cell = Literal["gru", "lstm", "rnn_tanh", "rnn_relu", "mingru", "rglru", "feedforward"]


class ConvConfig(Section):
    """One convolution in front of the recurrence, over time and all bands, or over both.

    Over time it sees valid windows only, without padding; over frequency it is padded by half of
    `bands` on either side.
    """

    channels: int = Field(ge=1)
    kernel: int = Field(ge=1)
    stride: int = Field(1, ge=1)
    bands: int | None = Field(None, ge=1)  # seen at a time; none: all of them
    band_stride: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _no_gaps(self) -> ConvConfig:
        if self.stride > self.kernel:
            raise ValueError("stride must not exceed kernel: frames between would never be seen")
        if self.bands is None and self.band_stride != 1:
            raise ValueError("band_stride needs bands: without them no band is left to stride over")
        if self.bands is not None and self.band_stride > self.bands:
            raise ValueError("band_stride must not exceed bands: some would never be seen")
        if self.bands is not None and self.bands % 2 == 0:
            raise ValueError("bands must be odd: as many below a band as above it")
        return self


class ModelConfig(Section):
    """The network (`speechrnn.models`)."""

    convolutions: tuple[ConvConfig, ...] = (ConvConfig(channels=96, kernel=5, stride=2),)
    batch_norm: bool = False  # behind each convolution, over valid frames
    cell: Cell = "gru"
    hidden_size: int = Field(128, ge=1)
    layers: int = Field(2, ge=1)
    bidirectional: bool = True
    # Frames that gates are set to carry something over at the start, at most (gru and lstm)
    memory_frames: int | None = Field(None, ge=3)
    projection: int | None = Field(None, ge=1)  # numbers that a layer sees of an input with more
    layer_norm: bool = False
    dropout: Probability = 0.2
    pooling: Pooling = "attention"
    attention_heads: int = Field(4, ge=1)
    frame_head: Literal["shared", "keyword", "ctc"] = "shared"  # shared: the clip's output layer
    units: Literal["words", "characters", "phones"] = "words"  # of a CTC head

    @model_validator(mode="after")
    def _has_gates(self) -> ModelConfig:
        if self.memory_frames is not None and self.cell not in ("gru", "lstm"):
            raise ValueError(f"memory_frames sets the gates of gru and lstm; {self.cell} has none")
        return self

    @model_validator(mode="after")
    def _heads_fit(self) -> ModelConfig:
        units = self.hidden_size * (2 if self.bidirectional else 1)
        if self.pooling in ("attention", "multihead") and units % self.attention_heads:
            raise ValueError(f"attention_heads must divide the {units} units of a hidden frame")
        over_time = [convolution.bands is None for convolution in self.convolutions]
        if over_time != sorted(over_time):
            raise ValueError("convolutions over all bands leave no bands to those behind them")
        if self.pooling == "none" and self.frame_head != "ctc":
            raise ValueError("pooling none leaves no head; set frame_head ctc")
        return self
