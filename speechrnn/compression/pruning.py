"""Structured pruning: a network without its least important units and channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from speechrnn.compression.groups import Group, channel_groups, query_groups, unit_groups
from speechrnn.compression.importance import Scores
from speechrnn.compression.low_rank import multiply_out
from speechrnn.config import Config, ModelConfig, with_model
from speechrnn.errors import ConfigError
from speechrnn.models.command import CommandModel

Judge = Callable[[CommandModel, list[Group]], Scores]


class Choice(NamedTuple):
    """Which units of a group stay: (N) bool."""

    group: Group
    kept: Tensor


def prune_units(model: CommandModel, share: float, judge: Judge) -> CommandModel:
    """A network without a share of each recurrent layer's units.

    As many stay in every layer, direction and attention head, so that the new network is an
    ordinary one with a smaller `hidden_size`. It computes what the old one does with those units
    held at zero, but for layer normalisation, which has fewer numbers to look at.

    Args:
        model: The trained network.
        share: Of the units to remove, rounded so that heads get equal shares of the rest.
        judge: Scores the units of each group.
    """
    settings = model.config.model
    kept = kept_units(settings, share)
    layers, queries = unit_groups(model), query_groups(model)
    scores = iter(judge(model, [*(group for layer in layers for group in layer), *queries]))
    heads = settings.attention_heads if settings.pooling in ("attention", "multihead") else 1
    choices = []
    for layer in layers:
        blocks = heads if layer is layers[-1] else 1
        for direction, group in enumerate(layer):
            block = _blocks(group.size, direction, group.size * len(layer) // blocks)
            counts = _blocks(kept, direction, kept * len(layer) // blocks).bincount()
            choices.append(Choice(group, _best(next(scores), block, counts)))
    for group in queries:
        choices.append(Choice(group, _first(next(scores), kept * len(layers[-1]) // heads)))
    pruned = remove(model, choices, with_model(model.config, hidden_size=kept))
    if pruned.head is not None and pruned.head.pooling == "multihead":
        # Scores are divided by the root of a query's size, which is another now.
        query = pruned.head.multihead.query
        with torch.no_grad():
            for parameter in query.parameters():
                parameter.mul_((kept / settings.hidden_size) ** 0.5)
    return pruned


def prune_channels(model: CommandModel, share: float, judge: Judge) -> CommandModel:
    """A network without a share of each convolution's channels.

    Args:
        model: The trained network.
        share: Of the channels to remove; one stays at least.
        judge: Scores the channels of each group.

    Raises:
        ConfigError: There is no convolution.
    """
    groups = channel_groups(model)
    if not groups:
        raise ConfigError("the network has no convolutions, and so no channels to remove")
    scores = judge(model, groups)
    choices, convolutions = [], []
    for group, its, config in zip(groups, scores, model.config.model.convolutions, strict=True):
        count = max(1, group.size - round(share * group.size))
        choices.append(Choice(group, _first(its, count)))
        convolutions.append(config.model_dump(mode="json") | {"channels": count})
    return remove(model, choices, with_model(model.config, convolutions=convolutions))


def kept_units(settings: ModelConfig, share: float) -> int:
    """How many units of a direction stay, as many in the share of each attention head."""
    kept = max(1, settings.hidden_size - round(share * settings.hidden_size))
    if settings.pooling in ("attention", "multihead"):
        directions = 2 if settings.bidirectional else 1
        while kept * directions % settings.attention_heads:
            kept += 1
    return kept


def remove(model: CommandModel, choices: Sequence[Choice], config: Config) -> CommandModel:
    """The network of a configuration, with those of a larger one's numbers that belong to it."""
    gone: dict[tuple[str, int | None], list[Tensor]] = {}
    for group, kept in choices:
        for slot in group.made_by + group.read_by:
            gone.setdefault((slot.tensor, slot.axis), []).append(slot.places[~kept].flatten())
    small = model.with_config(config)
    shapes = {name: tensor.shape for name, tensor in small.state_dict().items()}
    tensors = dict(model.state_dict())
    for (name, axis), places in gone.items():
        tensor = tensors[name].flatten() if axis is None else tensors[name]
        axis = axis or 0
        stays = torch.ones(tensor.shape[axis], dtype=torch.bool)
        stays[torch.cat(places)] = False
        tensors[name] = tensor.index_select(axis, stays.nonzero().flatten())
    for i, projection in enumerate(small.encoder.projections):
        if not isinstance(projection, nn.Linear):  # the input has no more numbers than it any more
            multiply_out(tensors, model, i)
    small.load_state_dict({name: tensor.reshape(shapes[name]) for name, tensor in tensors.items()})
    return small.eval()


def _blocks(size: int, direction: int, block: int) -> Tensor:
    """(size) int64, whose share each unit of a direction belongs to."""
    return (torch.arange(size) + direction * size) // block


def _first(scores: Tensor, count: int) -> Tensor:
    """(N) bool, the highest scores."""
    return _best(scores, torch.zeros(len(scores), dtype=torch.int64), torch.tensor([count]))


def _best(scores: Tensor, block: Tensor, counts: Tensor) -> Tensor:
    """(N) bool, the highest scores of each block, as many as `counts` says."""
    kept = torch.zeros(len(scores), dtype=torch.bool)
    for number, count in enumerate(counts.tolist()):
        members = (block == number).nonzero().flatten()
        kept[members[scores[members].argsort(descending=True, stable=True)[:count]]] = True
    return kept
