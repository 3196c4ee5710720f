"""A batch that the loss failed on, for inspection."""

from __future__ import annotations

from torch import Tensor

from speechrnn.dataset import Dataset
from speechrnn.training.batch import make_batch
from speechrnn.training.checkpoint import Checkpoint
from speechrnn.training.distributed import Group
from speechrnn.training.session import Session


def inspected(
    session: Session,
    dataset: Dataset,
    draws: Tensor,
    epoch: int,
    step: int,
    loss: float,
    group: Group,
) -> Checkpoint:
    """Make this process's part of a batch again, as step `step` of epoch `epoch` (from 0) had it.

    Args:
        session: What the training works with.
        dataset: The clips.
        draws: (B) int64, see `Dataset`.
        epoch: The epoch.
        step: The step of it.
        loss: What came out.
        group: The processes that train together.

    Returns:
        Tensors `wave`, and `wave_lens` and `targets` of clips or `starts`, `stops` and `targets`
        of clips strung together, and as facts `epoch` and `step` (from 1), `loss` and the ids of
        the `utterances`, row by row.
    """
    streams, model = session.streams, session.model
    if streams.takes(step, draws):
        draws, strung = streams.strung(step, dataset, draws)
        targets = dataset.targets[dataset.clips(draws)]
        tensors: dict[str, Tensor] = {**strung._asdict(), "targets": targets}
    else:
        draws, _ = group.share_of(draws)
        num_labels = len(model.vocabulary) if model.head else 0
        batch = make_batch(dataset, draws, session.augmenter, epoch, num_labels)
        tensors = {"wave": batch.wave, "wave_lens": batch.wave_lens, "targets": batch.targets}
    clips = dataset.clips(draws).flatten().tolist()
    facts = {
        "epoch": epoch + 1,
        "step": step + 1,
        "loss": str(loss),
        "utterances": [dataset.utterances[clip].id for clip in clips],
    }
    return Checkpoint(tensors, facts)
