"""How the averaged weights do on the validation list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby

import torch
from torch import Tensor, nn

from speechrnn.config import Config
from speechrnn.dataset import Dataset, sequential_batches
from speechrnn.edits import edit_distance
from speechrnn.models.command import CommandModel
from speechrnn.training.ctc_loss import ctc_loss
from speechrnn.training.distributed import Group
from speechrnn.training.optimizer import trained_tensors
from speechrnn.training.streams import stream_scores
from speechrnn.training.transcripts import Transcripts


@torch.no_grad()
def validate(
    model: CommandModel,
    average: dict[str, Tensor],
    dataset: Dataset,
    transcripts: Transcripts,
    config: Config,
    group: Group,
) -> dict[str, float]:
    """Figures of a network whose weights are, for that long, their running average.

    Args:
        model: The network.
        average: Its running average.
        dataset: The validation clips.
        transcripts: What they say, in units.
        config: The run's settings.
        group: The processes that hear a part of the clips each.

    Returns:
        `valid_loss` and `valid_accuracy` of the clip head; `valid_stream_loss` and
        `valid_stream_accuracy` of it on streams, if trained for them; `valid_sequence_loss` and
        `valid_unit_errors` (edits a unit, likeliest path) of a CTC head.
    """
    with _averaged(model, average):
        scores: dict[str, float] = {}
        if model.head is not None:
            scores |= _clip_scores(model, dataset, config, group)
            if config.streaming.share:
                scores |= stream_scores(model, config, dataset, group)
        if config.model.frame_head == "ctc":
            scores |= _sequence_scores(model, dataset, transcripts, config, group)
    return scores


@contextmanager
def _averaged(model: CommandModel, average: dict[str, Tensor]) -> Iterator[None]:
    trained = {name: tensor.clone() for name, tensor in trained_tensors(model).items()}
    model.load_state_dict(average, strict=False)
    model.eval()
    try:
        yield
    finally:
        model.load_state_dict(trained, strict=False)


def _clip_scores(
    model: CommandModel, dataset: Dataset, config: Config, group: Group
) -> dict[str, float]:
    loss, correct, count = 0.0, 0.0, 0.0
    for indices in _batches(dataset, config, group):
        logits = model.logits(*model.features(*dataset.waves(indices)))
        targets = dataset.targets[indices]
        loss += nn.functional.cross_entropy(logits, targets, reduction="sum").item()
        correct += int((logits.argmax(-1) == targets).sum())
        count += len(indices)
    loss, correct, count = group.total(loss, correct, count)
    return {"valid_loss": loss / count, "valid_accuracy": correct / count}


def _sequence_scores(
    model: CommandModel,
    dataset: Dataset,
    transcripts: Transcripts,
    config: Config,
    group: Group,
) -> dict[str, float]:
    loss, count, edits, units = 0.0, 0.0, 0.0, 0.0
    for indices in _batches(dataset, config, group):
        hidden, lens = model.hidden(*model.features(*dataset.waves(indices)))
        log_probs = model.frame_output(hidden).log_softmax(-1)
        targets, target_lens = transcripts.strung(dataset.utterances, indices[:, None])
        mean, impossible = ctc_loss(log_probs, lens, targets, target_lens)
        loss += mean.item() * (len(indices) - impossible)
        count += len(indices) - impossible
        for row, length, target, size in zip(
            log_probs.argmax(-1).tolist(),
            lens.tolist(),
            targets.tolist(),
            target_lens.tolist(),
            strict=True,
        ):
            heard = [symbol for symbol, _ in groupby(row[:length]) if symbol]
            edits += edit_distance(heard, target[:size])
            units += size
    loss, count, edits, units = group.total(loss, count, edits, units)
    return {
        "valid_sequence_loss": loss / max(1.0, count),
        "valid_unit_errors": edits / max(1.0, units),
    }


def _batches(dataset: Dataset, config: Config, group: Group) -> Iterator[Tensor]:
    """Every clip once, in one of the processes."""
    for indices in sequential_batches(dataset, config.training.batch_size):
        if len(mine := group.part(indices)):
            yield mine
