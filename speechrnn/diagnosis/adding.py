"""The adding problem: can a cell learn to carry a number over so many frames?"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from speechrnn.config import Cell
from speechrnn.models.cells import make_layer

CHANCE = 1 / 6  # mean squared error of always saying 1: the variance of the sum of two numbers


def adding_batch(size: int, frames: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Sequences in which two numbers are marked, and their sums.

    Hochreiter & Schmidhuber 1997, "Long short-term memory" (doi:10.1162/neco.1997.9.8.1735), as Le
    et al. 2015 (arXiv 1504.00941) put it: one number of either half is marked.

    Args:
        size: B.
        frames: T, even.
        generator: Where chance comes from.

    Returns:
        (B, T, 2) numbers from 0 to 1 and marks of 0 or 1, and (B) sums of the marked numbers.
    """
    numbers = torch.rand(size, frames, generator=generator)
    half = frames // 2
    places = torch.randint(half, (size, 2), generator=generator) + torch.tensor([0, half])
    marks = torch.zeros(size, frames).scatter_(1, places, 1.0)
    return torch.stack([numbers, marks], dim=-1), (numbers * marks).sum(1)


def learn_adding(
    cell: Cell,
    frames: int,
    *,
    hidden_size: int = 32,
    batch_size: int = 32,
    learning_rate: float = 0.01,
    clip_norm: float = 1.0,
    bptt_frames: int | None = None,
    memory_frames: int | None = None,
    seed: int = 0,
) -> Iterator[float]:
    """Train one layer and a linear output on the last frame, for ever.

    Every batch is new, so that what the network says of it before its step is a test.

    Args:
        cell: The kind of layer.
        frames: T, even.
        hidden_size: H.
        batch_size: Sequences of a step.
        learning_rate: Of Adam.
        clip_norm: Of the gradient.
        bptt_frames: Frames that the gradient goes back, see `SequenceLayer.truncated`; none: all.
        memory_frames: See `RecurrentLayer`.
        seed: Of weights and sequences.

    Yields:
        The mean squared error on each batch; `CHANCE` for a network that has learnt nothing.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layer = make_layer(cell, 2, hidden_size, bidirectional=False, memory_frames=memory_frames)
        output = nn.Linear(hidden_size, 1)
    parameters = [*layer.parameters(), *output.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=learning_rate)
    lens = torch.full((batch_size,), frames)
    while True:
        x, sums = adding_batch(batch_size, frames, generator)
        if bptt_frames is None:
            hidden, _ = layer(x, lens, None, None)
        else:
            hidden = layer.truncated(x, lens, bptt_frames)
        loss = nn.functional.mse_loss(output(hidden[:, -1])[:, 0], sums)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, clip_norm)
        optimizer.step()
        yield loss.item()
