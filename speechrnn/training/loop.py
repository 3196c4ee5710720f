"""The training loop, to be read from top to bottom."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from speechrnn.augment import Augmenter
from speechrnn.config import Config
from speechrnn.errors import ConfigError, ModelError
from speechrnn.models.command import CommandModel
from speechrnn.training.batch import make_batch
from speechrnn.training.checkpoint import pack, unpack
from speechrnn.training.corpus import Corpus, load, set_statistics
from speechrnn.training.objective import Objective
from speechrnn.training.observer import Observer
from speechrnn.training.optimizer import (
    clip_gradients,
    learning_rate,
    make_optimizer,
    start_average,
    update_average,
)
from speechrnn.training.run import RunDirectory
from speechrnn.training.sparsity import Sparsity
from speechrnn.training.start import Start
from speechrnn.training.streams import StreamTrainer
from speechrnn.training.teacher import Teacher
from speechrnn.training.transcripts import Speller, Transcripts
from speechrnn.training.validation import validate
from speechrnn.vocabulary import Vocabulary

log = logging.getLogger(__name__)


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

    Returns:
        The record of the best epoch.

    Raises:
        ConfigError: `out` holds a run that was not to be resumed, or one of other settings or data;
            or a teacher or the start does not fit.
        DataError: No readable clip, or a validation word that training lacks.
        ModelError: The loss is no number any more.
    """
    settings = config.training
    observer = observer or Observer()
    run = RunDirectory(out, config, resume)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    if run.start and device.type == "cpu":
        torch.set_num_threads(run.start.facts["threads"])  # sums round differently otherwise
    torch.manual_seed(settings.seed)
    run.write_environment(device)

    has_clips, has_sequences = config.model.pooling != "none", config.model.frame_head == "ctc"
    texts = {u.text for u in corpus.train}
    vocabulary = Vocabulary.of_words(texts) if has_clips else Vocabulary([])
    speller = Speller(texts if has_sequences else (), config.model.units, corpus.lexicon)
    symbols = speller.symbols if has_sequences else None
    model = CommandModel(config, vocabulary, symbols, speller.lexicon(texts)).to(device)
    train_set = load("train", corpus.train, vocabulary, config, observer, corpus.cache).to(device)
    valid_set = None
    if corpus.valid:
        valid_set = load("valid", corpus.valid, vocabulary, config, observer, corpus.cache).to(
            device
        )
    noise = None
    if corpus.noise:
        noise = load(
            "noise", corpus.noise, Vocabulary([]), config, observer, corpus.cache
        ).arena.to(device)
    augmenter = Augmenter(config.augment, config.features, settings.seed, noise, device)
    if start:
        start.copy_to(model)
    elif run.start is None:
        set_statistics(model, train_set)
    teacher = Teacher(teachers, model, settings.teacher_share)

    optimizer = make_optimizer(model, settings)
    average = start_average(model)
    sparsity = Sparsity(model, average, settings.sparsity)
    facts: dict[str, Any] = {
        "config": config.model_dump(mode="json"),
        "labels": list(vocabulary),
        "symbols": list(model.symbols),
        "lexicon": model.lexicon,
        "threads": torch.get_num_threads(),
        "training_data": train_set.summary(config.features.sample_rate_hz),
        "teachers": teacher.digests,
        "start": start.digest if start else None,
        "compression": sparsity.notes(start.compression if start else ()),
        "epoch": 0,
        "step": 0,
        "best": None,
    }
    if run.start:
        for fact in ("labels", "symbols", "lexicon", "training_data", "teachers", "start"):
            if run.start.facts.get(fact) != facts[fact]:
                raise ConfigError(
                    f"{out}: was begun on other data ({fact}: {run.start.facts.get(fact)} before, "
                    f"{facts[fact]} now); resume with the same, or pass another --out"
                )
        unpack(run.start, model, average, optimizer)
        facts = run.start.facts
        log.info("resumed after epoch %d", facts["epoch"])

    streams = StreamTrainer(config, model, augmenter, teacher)
    transcripts = Transcripts(texts if has_sequences else (), speller)
    objective = Objective(config, model, transcripts)
    valid_transcripts = None
    if valid_set is not None:
        watched = {u.text for u in corpus.valid} if has_sequences else ()
        valid_transcripts = Transcripts(watched, speller)
    steps_per_epoch = train_set.num_steps(settings.batch_size)
    total_steps = settings.epochs * steps_per_epoch
    bfloat16 = settings.precision == "bfloat16"
    precision = torch.autocast(device.type, torch.bfloat16, enabled=bfloat16)
    try:
        for epoch in range(facts["epoch"], settings.epochs):
            if _stalled(facts, settings.patience):
                break
            began = time.perf_counter()
            batches = train_set.epoch(settings.batch_size, settings.balance, settings.seed, epoch)
            observer.epoch_begins(epoch + 1, settings.epochs, steps_per_epoch)
            model.train()
            streams.begin(epoch)
            total_loss, total_norm, clips = 0.0, 0.0, 0
            for step, (part, draws) in enumerate(batches):
                rate = learning_rate(settings, facts["step"], total_steps)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                if streams.takes(step, draws):
                    loss = streams.loss(step, part, draws, objective, precision)
                else:
                    with torch.no_grad():  # the front end has nothing to learn
                        batch = make_batch(part, draws, augmenter, epoch, len(vocabulary))
                        feats, feat_lens = model.features(batch.wave, batch.wave_lens)
                        feats = augmenter.features(feats, feat_lens, draws, epoch)
                        targets = teacher.shares(batch.wave, batch.wave_lens, batch.targets)
                    with precision:
                        hidden, lens = model.hidden(feats, feat_lens)
                        frame_logits = model.frame_output(hidden)
                        clip_logits = model.clip_logits(hidden, lens) if has_clips else None
                    loss = objective.clips(clip_logits, frame_logits, lens, targets, part, draws)
                loss_value = loss.item()  # once a step: a GPU waits for it
                if not math.isfinite(loss_value):
                    raise ModelError(
                        f"{out}: loss is {loss_value} in epoch {epoch + 1}, step {facts['step']}; "
                        "lower training.learning_rate or training.clip_norm and resume"
                    )
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                total_norm += clip_gradients(model, settings)
                sparsity.step(optimizer, facts["step"], total_steps)
                update_average(average, model, settings.average_decay, facts["step"])
                facts["step"] += 1
                total_loss += loss_value * len(draws)
                clips += len(draws)
                observer.step_done(loss_value, len(draws))
            seconds = time.perf_counter() - began

            record = {
                "epoch": epoch + 1,
                "train_loss": total_loss / clips,
                "gradient_norm": total_norm / (step + 1),
                "learning_rate": rate,
                "clips_per_s": clips / seconds,
                "seconds": seconds,
            }
            if has_sequences:
                record["left_out"] = objective.left_out
                objective.left_out = 0
            if valid_set is not None and valid_transcripts is not None:
                record |= validate(model, average, valid_set, valid_transcripts, config)
            facts["epoch"] = epoch + 1
            best = facts["best"] is None or _score(record) <= _score(facts["best"])
            facts["best"] = record if best else facts["best"]
            run.write_metrics(record)
            run.write_checkpoint(pack(model, average, optimizer, facts), best)
            observer.epoch_done(record)
    finally:
        run.close()
    return facts["best"]


def pick_device(name: str) -> torch.device:
    """The device called `name`; `auto` takes a GPU where there is one.

    Raises:
        ConfigError: No such device here.
    """
    cuda = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda" if cuda else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"--device {name}: expected auto, cpu, cuda or cuda:N") from None
    if device.type == "cuda" and (not cuda or (device.index or 0) >= torch.cuda.device_count()):
        count = torch.cuda.device_count() if cuda else 0
        raise ConfigError(f"--device {name}: this machine has {count} CUDA devices; pass cpu")
    return device


def _score(record: dict[str, Any]) -> float:
    """What the best epoch minimises; without a validation list the latest epoch wins."""
    losses = ("valid_loss", "valid_stream_loss", "valid_sequence_loss")
    found = [float(record[name]) for name in losses if name in record]
    return sum(found) if found else -float(record["epoch"])


def _stalled(facts: dict[str, Any], patience: int | None) -> bool:
    if patience is None or facts["best"] is None:
        return False
    return facts["epoch"] - facts["best"]["epoch"] >= patience
