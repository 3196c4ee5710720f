"""What belongs to one unit or channel of a network: what makes it, and what reads it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from speechrnn.models.command import CommandModel
from speechrnn.models.encoder import RecurrentEncoder
from speechrnn.models.layer import SequenceLayer
from speechrnn.models.linear_recurrent import LinearRecurrentLayer
from speechrnn.models.recurrent import RecurrentLayer

_NORM = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True)
class Slot:
    """Where the units of a group stand in one tensor.

    Attributes:
        tensor: Its name.
        axis: Along which they stand; none: in the flattened tensor.
        places: (N, K) indices along that axis, K for each of N units.
    """

    tensor: str
    axis: int | None
    places: Tensor

    def of(self, tensor: Tensor) -> Tensor:
        """(N, ...) all numbers of each unit."""
        along = tensor.flatten() if self.axis is None else tensor.movedim(self.axis, 0)
        return along[self.places].flatten(1)


@dataclass(frozen=True)
class Group:
    """Units that may take each other's place.

    Attributes:
        made_by: Slots that make the units: where these are zero, the units are.
        read_by: Slots of what the units are multiplied by.
    """

    made_by: tuple[Slot, ...]
    read_by: tuple[Slot, ...]

    @property
    def size(self) -> int:
        """N, how many units there are."""
        return len(self.made_by[0].places)


def unit_groups(model: CommandModel) -> list[list[Group]]:
    """The units of each recurrent layer, each direction a group."""
    layers = []
    for i, module in enumerate(model.encoder.layers):
        layer = cast(SequenceLayer, module)
        size = layer.hidden_size
        directions = []
        for direction in range(layer.output_size // size):
            outputs = torch.arange(size)[:, None] + direction * size
            made_by, read_by = _layer_slots(f"encoder.layers.{i}", layer, direction)
            if isinstance(model.encoder.norms[i], nn.LayerNorm):
                made_by += _slots((f"encoder.norms.{i}.weight", f"encoder.norms.{i}.bias"), outputs)
            readers = _readers(model, i + 1)
            directions.append(Group(made_by, read_by + _slots(readers, outputs, 1)))
        layers.append(directions)
    return layers


def channel_groups(model: CommandModel) -> list[Group]:
    """The channels of each convolution."""
    stack = model.convolutions
    groups = []
    for j, (config, following) in enumerate(pairwise([*stack.configs, None])):
        assert config is not None
        channels, bands = stack.pictures[j + 1]
        name = f"convolutions.convolutions.{j}"
        places = torch.arange(channels)[:, None]
        if following is None or following.bands is None:  # the picture is flattened in between
            inputs = places * bands + torch.arange(bands)
        else:
            inputs = places
        if following is None:
            readers: tuple[str, ...] = _readers(model, 0)
        else:
            readers = (f"convolutions.convolutions.{j + 1}.weight",)
        tensors = [f"{name}.weight", f"{name}.bias"]
        if stack.norms:
            tensors += [f"convolutions.norms.{j}.{part}" for part in _NORM]
        made_by = _slots(tuple(tensors), places)
        groups.append(Group(made_by, _slots(readers, inputs, 1)))
    return groups


def query_groups(model: CommandModel) -> list[Group]:
    """The numbers of a query that multi-head pooling compares with a key, each head a group."""
    if model.head is None or model.head.pooling != "multihead":
        return []
    name, heads = "head.multihead", model.head.heads
    size = model.encoder.output_size // heads
    groups = []
    for head in range(heads):
        places = torch.arange(size)[:, None] + head * size
        made_by = _slots((f"{name}.query.weight", f"{name}.query.bias"), places)
        groups.append(Group(made_by, _slots((f"{name}.key.weight",), places)))
    return groups


def input_weights(encoder: RecurrentEncoder, i: int) -> tuple[str, ...]:
    """The names of what layer i multiplies its input by."""
    layer, name = encoder.layers[i], f"encoder.layers.{i}"
    if isinstance(layer, RecurrentLayer):
        suffixes = ("", "_reverse") if layer.bidirectional else ("",)
        return tuple(f"{name}.rnn.weight_ih_l0{suffix}" for suffix in suffixes)
    if isinstance(layer, LinearRecurrentLayer):
        return tuple(f"{name}.gates.{direction}.weight" for direction in range(len(layer.gates)))
    return (f"{name}.linear.weight",)


def _layer_slots(
    name: str, layer: SequenceLayer, direction: int
) -> tuple[tuple[Slot, ...], tuple[Slot, ...]]:
    """What makes the units of a direction, and what in their own layer reads them."""
    size = layer.hidden_size
    units = torch.arange(size)[:, None]
    if isinstance(layer, RecurrentLayer):
        suffix = "l0_reverse" if direction else "l0"
        recurrent = f"{name}.rnn.weight_hh_{suffix}"
        gates = getattr(layer.rnn, f"weight_hh_{suffix}").shape[0] // size
        inputs = (f"{name}.rnn.{kind}_{suffix}" for kind in ("weight_ih", "bias_ih", "bias_hh"))
        rows = units + size * torch.arange(gates)
        return _slots((*inputs, recurrent), rows), _slots((recurrent,), units, 1)
    if isinstance(layer, LinearRecurrentLayer):
        gate = f"{name}.gates.{direction}"
        gates = cast(nn.Linear, layer.gates[direction]).out_features // size
        made_by = _slots((f"{gate}.weight", f"{gate}.bias"), units + size * torch.arange(gates))
        if layer.cell == "rglru":
            made_by += (Slot(f"{name}.speed", None, units + direction * size),)
        return made_by, ()
    linear = f"{name}.linear"
    return _slots((f"{linear}.weight", f"{linear}.bias"), units + direction * size), ()


def _readers(model: CommandModel, i: int) -> tuple[str, ...]:
    """What multiplies the input of layer i, or what comes out of the last one."""
    encoder = model.encoder
    if i < len(encoder.layers):
        projected = isinstance(encoder.projections[i], nn.Linear)
        return (f"encoder.projections.{i}.weight",) if projected else input_weights(encoder, i)
    names = ("head.output", "head.attention.score", "head.multihead.query", "head.multihead.key")
    known = dict(model.named_parameters())
    return tuple(f"{name}.weight" for name in (*names, "frame_head") if f"{name}.weight" in known)


def _slots(tensors: tuple[str, ...], places: Tensor, axis: int = 0) -> tuple[Slot, ...]:
    return tuple(Slot(tensor, axis, places) for tensor in tensors)
