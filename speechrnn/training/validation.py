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
) -> dict[str, float]:
    """Figures of a network whose weights are, for that long, their running average.

    Args:
        model: The network.
        average: Its running average.
        dataset: The validation clips.
        transcripts: What they say, in units.
        config: The run's settings.

    Returns:
        `valid_loss` and `valid_accuracy` of the clip head; `valid_stream_loss` and
        `valid_stream_accuracy` of it on streams, if trained for them; `valid_sequence_loss` and
        `valid_unit_errors` (edits a unit, likeliest path) of a CTC head.
    """
    with _averaged(model, average):
        scores: dict[str, float] = {}
        if model.head is not None:
            scores |= _clip_scores(model, dataset, config)
            if config.streaming.share:
                scores |= stream_scores(model, config, dataset)
        if config.model.frame_head == "ctc":
            scores |= _sequence_scores(model, dataset, transcripts, config)
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


def _clip_scores(model: CommandModel, dataset: Dataset, config: Config) -> dict[str, float]:
    loss, correct = 0.0, 0
    for indices in sequential_batches(dataset, config.training.batch_size):
        logits = model.logits(*model.features(*dataset.waves(indices)))
        targets = dataset.targets[indices]
        loss += nn.functional.cross_entropy(logits, targets, reduction="sum").item()
        correct += int((logits.argmax(-1) == targets).sum())
    return {"valid_loss": loss / len(dataset), "valid_accuracy": correct / len(dataset)}


def _sequence_scores(
    model: CommandModel, dataset: Dataset, transcripts: Transcripts, config: Config
) -> dict[str, float]:
    loss, left_out, edits, units = 0.0, 0, 0, 0
    for indices in sequential_batches(dataset, config.training.batch_size):
        hidden, lens = model.hidden(*model.features(*dataset.waves(indices)))
        log_probs = model.frame_output(hidden).log_softmax(-1)
        targets, target_lens = transcripts.strung(dataset.utterances, indices[:, None])
        mean, impossible = ctc_loss(log_probs, lens, targets, target_lens)
        loss += mean.item() * (len(indices) - impossible)
        left_out += impossible
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
    return {
        "valid_sequence_loss": loss / max(1, len(dataset) - left_out),
        "valid_unit_errors": edits / max(1, units),
    }
