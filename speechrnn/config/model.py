"""Settings of the network."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from speechrnn.config.section import Probability, Section

Cell = Literal["gru", "lstm", "rnn_tanh", "rnn_relu", "feedforward"]


class ConvConfig(Section):
    """One convolution over time in front of the recurrence; valid windows, no padding."""

    channels: int = Field(ge=1)
    kernel: int = Field(ge=1)
    stride: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _no_gaps(self) -> ConvConfig:
        if self.stride > self.kernel:
            raise ValueError("stride must not exceed kernel: frames between would never be seen")
        return self


class ModelConfig(Section):
    """The network (`speechrnn.models`)."""

    convolutions: tuple[ConvConfig, ...] = (ConvConfig(channels=96, kernel=5, stride=2),)
    cell: Cell = "gru"
    hidden_size: int = Field(128, ge=1)
    layers: int = Field(2, ge=1)
    bidirectional: bool = True
    layer_norm: bool = False
    dropout: Probability = 0.2
    pooling: Literal["last", "mean", "max", "attention", "none"] = "attention"  # none: no clip head
    attention_heads: int = Field(4, ge=1)
    frame_head: Literal["shared", "keyword", "ctc"] = "shared"  # shared: the clip's output layer
    units: Literal["words", "characters", "phones"] = "words"  # of a CTC head

    @model_validator(mode="after")
    def _heads_fit(self) -> ModelConfig:
        units = self.hidden_size * (2 if self.bidirectional else 1)
        if self.pooling == "attention" and units % self.attention_heads:
            raise ValueError(f"attention_heads must divide the {units} units of a hidden frame")
        if self.pooling == "none" and self.frame_head != "ctc":
            raise ValueError("pooling none leaves no head; set frame_head ctc")
        return self
