"""Input matrices as products of two thin ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from speechrnn.compression.groups import input_weights
from speechrnn.config import with_model
from speechrnn.models.command import CommandModel


@torch.no_grad()
def factor_inputs(model: CommandModel, rank: int) -> CommandModel:
    """A network whose layers see their input through a projection to `rank` numbers.

    The product of projection and new input matrices is the best one of that rank: their singular
    value decomposition (Eckart & Young 1936), both directions of a layer stacked. Layers whose
    input is no larger stay as they are. Recurrent matrices do as well: they act frame by frame
    inside the recurrent operators of onnxruntime, which know no factors.

    Args:
        model: The trained network.
        rank: Numbers of a projected frame.
    """
    small = model.with_config(with_model(model.config, projection=rank))
    tensors = dict(model.state_dict())
    for i, projection in enumerate(small.encoder.projections):
        multiply_out(tensors, model, i)
        if not isinstance(projection, nn.Linear):
            continue
        names = input_weights(model.encoder, i)
        rows = [len(tensors[name]) for name in names]
        stacked = torch.cat([tensors[name] for name in names]).double()  # (rows, I)
        left, values, right = torch.linalg.svd(stacked, full_matrices=False)
        root = values[:rank].sqrt()
        missing = rank - len(root)  # of a matrix with fewer rows
        thin = nn.functional.pad(left[:, :rank] * root, (0, missing)).float()
        wide = nn.functional.pad(root[:, None] * right[:rank], (0, 0, 0, missing)).float()
        tensors |= dict(zip(names, thin.split(rows), strict=True))
        tensors[f"encoder.projections.{i}.weight"] = wide
    small.load_state_dict(tensors)
    return small.eval()


def multiply_out(tensors: dict[str, Tensor], model: CommandModel, i: int) -> None:
    """Leave the projection of layer i out of its tensors, and its input matrices whole."""
    projection = tensors.pop(f"encoder.projections.{i}.weight", None)
    if projection is not None:
        for name in input_weights(model.encoder, i):
            tensors[name] = tensors[name] @ projection
