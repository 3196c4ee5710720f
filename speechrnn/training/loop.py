"""The training loop, to be read from top to bottom."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch

from speechrnn.config import Config
from speechrnn.errors import ConfigError, ModelError
from speechrnn.models.command import CommandModel
from speechrnn.training.batch import make_batch
from speechrnn.training.checkpoint import pack, random_state, unpack
from speechrnn.training.corpus import Corpus
from speechrnn.training.distributed import Group
from speechrnn.training.inspection import inspected
from speechrnn.training.interruption import Interruption
from speechrnn.training.memory import keep_freed_memory
from speechrnn.training.observer import Observer
from speechrnn.training.optimizer import (
    clip_gradients,
    learning_rate,
    make_optimizer,
    start_average,
    update_average,
)
from speechrnn.training.resuming import differences, set_random, set_threads
from speechrnn.training.run import RunDirectory
from speechrnn.training.session import set_up
from speechrnn.training.sparsity import Sparsity
from speechrnn.training.start import Start
from speechrnn.training.sums import EpochSums
from speechrnn.training.validation import validate


def train(
    config: Config,
    corpus: Corpus,
    out: Path,
    *,
    resume: bool = False,
    device: torch.device,
    observer: Observer | None = None,
    teachers: Sequence[CommandModel] = (),
    start: Start | None = None,
    group: Group | None = None,
) -> dict[str, Any]:
    """Train a command model and leave its run directory behind.

    Args:
        config: The run's settings.
        corpus: Utterances; the text of each is its class.
        out: The run directory.
        resume: Go on from the last whole checkpoint in `out`, bit for bit on the same CPU and
            thread count.
        device: Where to train.
        observer: Told of progress.
        teachers: Trained networks whose judgement stands beside the labels.
        start: What training begins with; none: random weights.
        group: The processes that train together; none: this one alone.

    Returns:
        The record of the best epoch.

    Raises:
        ConfigError: `out` holds a run that was not to be resumed, or one of other settings or data;
            or a teacher or the start does not fit.
        DataError: No readable clip, or a validation word that training lacks.
        ModelError: The loss is no number any more, or no checkpoint can be read.
        RunError: The disk is full, or the process was told to end; `resume` goes on.
        KeyboardInterrupt: Ctrl-C, behind a last checkpoint; `resume` goes on.
    """
    settings = config.training
    observer = observer or Observer()
    group = group or Group(device)
    if settings.batch_size < group.size:
        raise ConfigError(
            f"training.batch_size {settings.batch_size} is that of all {group.size} processes; "
            "give a larger one, or start fewer"
        )
    run = RunDirectory(out, config, resume) if group.is_first else None
    before = group.from_first(run.start if run else None)
    set_threads(settings.threads, before, group)
    if device.type == "cpu":
        keep_freed_memory()
    session = set_up(config, corpus, observer, teachers, start, group)
    model, train_set, objective = session.model, session.train_set, session.objective
    augmenter, teacher, streams = session.augmenter, session.teacher, session.streams
    num_labels = len(model.vocabulary) if model.head else 0
    optimizer = make_optimizer(model, settings)
    average = start_average(model)
    sparsity = Sparsity(model, average, settings.sparsity)
    facts = session.facts | {"epoch": 0, "step": 0, "best": None}
    facts["compression"] = sparsity.notes(start.compression if start else ())
    sums, carried = EpochSums(), {}
    set_random(before, settings.seed, group)
    notes: list[str] = []
    if before:
        notes += differences(before, facts, out)
        carried = unpack(before, model, average, optimizer)
        facts |= {name: before.facts[name] for name in ("epoch", "step", "best")}
        sums = EpochSums(**before.facts["sums"])
        notes.append(f"resumed in epoch {facts['epoch'] + 1}, {sums.steps} steps of it done")
    if run:
        run.write_environment(facts["arithmetic"])
        for line in (*run.notes, *notes):
            run.note(line)
            observer.note(line)

    def save(best: bool = False) -> None:
        kept = streams.carried() if sums.steps else {}
        states = group.gather(random_state(device))
        if run:
            now = facts | {"sums": asdict(sums)}
            run.write_checkpoint(
                pack(model, average, optimizer, kept, torch.stack(states), now), best
            )

    steps_per_epoch = train_set.num_steps(settings.batch_size)
    total_steps = settings.epochs * steps_per_epoch
    bfloat16 = settings.precision == "bfloat16"
    precision = torch.autocast(device.type, torch.bfloat16, enabled=bfloat16)
    # A stream's clips come from all of a batch, whom a clip is mixed with from all of a block.
    meets_others = config.streaming.share > 0 or config.augment.mixup_probability > 0
    with closing(run) if run else nullcontext(), Interruption() as interruption:
        for epoch in range(facts["epoch"], settings.epochs):
            if _stalled(facts, settings.patience):
                break
            batches = train_set.epoch(
                settings.batch_size,
                settings.balance,
                settings.seed,
                epoch,
                first=sums.steps,
                rank=0 if meets_others else group.rank,
                world=1 if meets_others else group.size,
                # Where clips are strung together none is padded.
                played=None if config.streaming.share else partial(augmenter.lengths, epoch=epoch),
            )
            observer.epoch_begins(epoch + 1, settings.epochs, steps_per_epoch - sums.steps)
            model.train()
            streams.begin(epoch, carried)
            for step, (clips, draws) in enumerate(batches, sums.steps):
                began = time.perf_counter()
                rate = learning_rate(settings, facts["step"], total_steps)
                for parameters in optimizer.param_groups:
                    parameters["lr"] = rate
                if streams.takes(step, draws):
                    loss = streams.loss(step, clips, draws, objective, precision)
                else:
                    mine, share = group.share_of(draws)
                    with torch.no_grad():  # the front end has nothing to learn
                        batch = make_batch(clips, mine, augmenter, epoch, num_labels)
                        feats, feat_lens = model.features(batch.wave, batch.wave_lens)
                        feats = augmenter.features(feats, feat_lens, mine, epoch)
                        targets = teacher.shares(batch.wave, batch.wave_lens, batch.targets)
                    with precision:
                        hidden, lens = model.hidden(feats, feat_lens, settings.bptt_frames)
                        frame_logits = model.frame_output(hidden)
                        clip_logits = model.clip_logits(hidden, lens) if model.head else None
                    loss = objective.clips(
                        clip_logits, frame_logits, lens, targets, clips, mine, share
                    )
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                # Once a step a GPU waits for the sum.
                loss_value, stop = group.add_up(model, loss, interruption.signal)
                if not math.isfinite(loss_value):
                    part = inspected(session, clips, draws, epoch, step, loss_value, group)
                    parts = group.gather(part)
                    name = f"fault-epoch-{epoch + 1:04d}-step-{step + 1:06d}"
                    if run:
                        run.write_fault(name, parts)
                    raise ModelError(
                        f"{out}: loss is {loss_value} in epoch {epoch + 1}, step {step + 1} of it, "
                        f"whose batch is kept in {name}; begin anew with a lower "
                        "training.learning_rate or training.clip_norm"
                    )
                norm = clip_gradients(model, settings)
                sparsity.step(optimizer, facts["step"], total_steps)
                update_average(average, model, settings.average_decay, facts["step"])
                facts["step"] += 1
                sums.add(loss_value, norm, len(draws), time.perf_counter() - began)
                sums.left_out += objective.take_left_out()
                observer.step_done(loss_value, len(draws))
                if stop:
                    save()
                    interruption.stop(out)
                if facts["step"] % settings.checkpoint_steps == 0:
                    save()

            record = {"epoch": epoch + 1, **sums.record()}
            record["learning_rate"] = learning_rate(settings, facts["step"] - 1, total_steps)
            if config.model.frame_head == "ctc":
                record["left_out"] = sums.left_out
            if session.valid_set is not None:
                record |= validate(
                    model, average, session.valid_set, session.valid_transcripts, config, group
                )
            facts["epoch"] = epoch + 1
            best = facts["best"] is None or _score(record) <= _score(facts["best"])
            facts["best"] = record if best else facts["best"]
            sums, carried = EpochSums(), {}
            if run:
                run.write_metrics(record)
            save(best)
            observer.epoch_done(record)
            if any(group.total(interruption.signal)) and epoch + 1 < settings.epochs:
                interruption.stop(out)
    return facts["best"]


def _score(record: dict[str, Any]) -> float:
    """What the best epoch minimises; without a validation list the latest epoch wins."""
    losses = ("valid_loss", "valid_stream_loss", "valid_sequence_loss")
    found = [float(record[name]) for name in losses if name in record]
    return sum(found) if found else -float(record["epoch"])


def _stalled(facts: dict[str, Any], patience: int | None) -> bool:
    if patience is None or facts["best"] is None:
        return False
    return facts["epoch"] - facts["best"]["epoch"] >= patience
