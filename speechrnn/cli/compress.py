"""`speechrnn compress`: a trained experiment in, one with a smaller network out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from speechrnn.errors import ConfigError

if TYPE_CHECKING:
    from speechrnn.compression.groups import Group
    from speechrnn.compression.importance import Scores
    from speechrnn.compression.pruning import Judge
    from speechrnn.models.command import CommandModel

_BATCH = 32


def compress(
    experiment: Annotated[Path, typer.Option(help="Directory that 'speechrnn train' left.")],
    out: Annotated[Path, typer.Option(help="Experiment directory to make.")],
    prune_units: Annotated[
        float, typer.Option(min=0, max=0.99, help="Share of each layer's units to remove.")
    ] = 0.0,
    prune_channels: Annotated[
        float, typer.Option(min=0, max=0.99, help="Share of each convolution's channels to remove.")
    ] = 0.0,
    rank: Annotated[
        int | None, typer.Option(min=1, help="Rank of the recurrent layers' input matrices.")
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Kaldi directory that tells what matters; none: the weights do."),
    ] = None,
) -> None:
    """Make a trained network smaller; 'speechrnn train --start' then heals it."""
    from speechrnn.compression.experiment import check_free, write_experiment
    from speechrnn.compression.low_rank import factor_inputs
    from speechrnn.compression.pruning import prune_channels as without_channels
    from speechrnn.compression.pruning import prune_units as without_units
    from speechrnn.training.start import read_start

    if not (prune_units or prune_channels or rank):
        raise ConfigError("nothing to do; pass --prune-units, --prune-channels or --rank")
    check_free(out)
    start = read_start(experiment)
    model, done = start.model, list(start.compression)
    before = model.num_parameters
    judge, by = _judge(model, data or [])
    if prune_units:
        old = model.config.model.hidden_size
        model = without_units(model, prune_units, judge)
        done.append(f"units {old} to {model.config.model.hidden_size}, {by}")
    if prune_channels:
        old_channels = _channels(model)
        model = without_channels(model, prune_channels, judge)
        done.append(f"channels {old_channels} to {_channels(model)}, {by}")
    if rank:
        model = factor_inputs(model, rank)
        done.append(f"input matrices of rank {rank}")
    write_experiment(out, model, experiment, done)
    for line in done[len(start.compression) :]:
        print(line)
    print(
        f"{out}: {before:,} parameters before, {model.num_parameters:,} now; heal it with "
        f"'speechrnn train --start {out} --config {out}/config.yaml', a few epochs at a lower rate"
    )


def _judge(model: CommandModel, data: list[Path]) -> tuple[Judge, str]:
    """By weights, or by labelled recordings; and in words."""
    from speechrnn.compression.importance import by_magnitude, by_taylor
    from speechrnn.datadir import read_datadir
    from speechrnn.dataset import load_dataset, sequential_batches

    if not data:
        return by_magnitude, "by magnitude"
    if model.head is None:
        raise ConfigError("--data: the network has no clip head to judge by; leave it out")
    utterances = [utterance for path in data for utterance in read_datadir(path)]
    rate_hz = model.config.features.sample_rate_hz
    dataset = load_dataset(utterances, model.vocabulary, rate_hz)
    for fault in dataset.faults:
        print(f"speechrnn: left out: {fault}", file=sys.stderr)
    batches = list(sequential_batches(dataset, _BATCH))

    def judge(model: CommandModel, groups: list[Group]) -> Scores:
        heard = ((*dataset.waves(batch), dataset.targets[batch]) for batch in batches)
        return by_taylor(model, groups, heard)

    return judge, f"by what they do to the loss on {len(dataset)} clips"


def _channels(model: CommandModel) -> str:
    return "/".join(str(config.channels) for config in model.config.model.convolutions)
