"""Several networks that judge as one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from speechrnn.errors import ConfigError
from speechrnn.models.command import CommandModel, ModelOutput, State


class AverageModel(nn.Module):
    """The mean of what several networks hold likely, of clips and of frames.

    Averages of networks that started from other random numbers err less than each (T. Dietterich,
    "Ensemble Methods in Machine Learning", 2000), at the cost of all of them. It has the interface
    of `CommandModel.forward`, for whole utterances and for windows of a stream.

    Attributes:
        members: The networks.
    """

    def __init__(self, members: Sequence[CommandModel]) -> None:
        """Put networks together.

        Raises:
            ConfigError: They judge other things, or one reads sequences: each spells a word at
                moments of its own, so that an average spells none.
        """
        super().__init__()
        first, *others = members
        ours = _interface(first)
        for number, other in enumerate(others, 2):
            for what, its in _interface(other).items():
                if its != ours[what]:
                    raise ConfigError(
                        f"network {number} cannot be averaged with the first: its {what} is {its}, "
                        f"expected {ours[what]}; average runs of one configuration and data"
                    )
        if first.config.model.frame_head == "ctc":
            raise ConfigError(
                "networks with a CTC head cannot be averaged: each spells at moments of its own; "
                "give one, or train with a keyword head"
            )
        self.members = nn.ModuleList(members)
        self.config, self.grid, self.pool_frames = first.config, first.grid, first.pool_frames
        self.vocabulary, self.symbols, self.lexicon = first.vocabulary, first.symbols, first.lexicon

    @property
    def num_parameters(self) -> int:
        """How many trained numbers the networks hold together."""
        return sum(parameter.numel() for parameter in self.parameters())

    def initial_state(self, batch_size: int) -> State:
        """What the first window of a stream starts from: `network_0_rnn_0` and so on."""
        state: State = {}
        for prefix, member in prefixed(self):
            its = member.initial_state(batch_size)
            state |= {prefix + name: tensor for name, tensor in its.items()}
        return state

    def forward(
        self,
        wave: Tensor,
        wave_lens: Tensor,
        commit: Tensor | None = None,
        state: State | None = None,
    ) -> ModelOutput:
        """Run over one window of each stream, or over whole utterances; see `CommandModel`."""
        state = self.initial_state(len(wave)) if state is None else state
        outputs: list[ModelOutput] = []
        next_state: State = {}
        for prefix, member in prefixed(self):
            names = [name for name in state if name.startswith(prefix)]
            its = {name.removeprefix(prefix): state[name] for name in names}
            outputs.append(member(wave, wave_lens, commit, its))
            next_state |= {prefix + name: value for name, value in outputs[-1].state.items()}
        frames = _mean([output.log_probs for output in outputs])
        return ModelOutput(frames, _mean([o.clip_log_probs for o in outputs]), next_state)


AnyModel = CommandModel | AverageModel


def prefixed(model: AnyModel) -> list[tuple[str, CommandModel]]:
    """The networks of a model, each with what stands before the names of its state."""
    if isinstance(model, CommandModel):
        return [("", model)]
    members = (cast(CommandModel, member) for member in model.members)
    return [(f"network_{i}_", member) for i, member in enumerate(members)]


def _mean(log_probs: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(log_probs)).logsumexp(0) - math.log(len(log_probs))


def _interface(model: CommandModel) -> dict[str, Any]:
    return {
        "labels": list(model.vocabulary),
        "model.frame_head": model.config.model.frame_head,
        "frame symbols": list(model.symbols),
        "model.bidirectional": model.config.model.bidirectional,
        "features.sample_rate_hz": model.config.features.sample_rate_hz,
        "clip_ms": model.config.clip_ms,
        "frame grid": (model.grid.window_samples, model.grid.hop_samples),
    }
