"""The training loop, to be read from top to bottom."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from speechrnn.augment import Augmenter
from speechrnn.config import Config
from speechrnn.datadir import Utterance
from speechrnn.dataset import Dataset, epoch_batches, load_dataset, sequential_batches
from speechrnn.errors import ConfigError, ModelError
from speechrnn.features import FeatureStatistics
from speechrnn.models.command import CommandModel
from speechrnn.training.batch import make_batch
from speechrnn.training.checkpoint import pack, unpack
from speechrnn.training.observer import Observer
from speechrnn.training.optimizer import (
    clip_gradients,
    learning_rate,
    make_optimizer,
    start_average,
    update_average,
)
from speechrnn.training.run import RunDirectory
from speechrnn.training.streams import StreamTrainer, stream_scores
from speechrnn.vocabulary import Vocabulary

log = logging.getLogger(__name__)

_STATISTICS_CLIPS = 2000  # clips that the global mean and deviation of the features come from


@dataclass(frozen=True)
class Corpus:
    """What a run learns from and is watched on."""

    train: Sequence[Utterance]
    valid: Sequence[Utterance] = ()
    noise: Sequence[Utterance] = ()  # mixed into training clips; none: synthetic noise


def train(
    config: Config,
    corpus: Corpus,
    out: Path,
    *,
    resume: bool = False,
    device: torch.device,
    observer: Observer | None = None,
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

    Returns:
        The record of the best epoch.

    Raises:
        ConfigError: `out` holds a run that was not to be resumed, or one of other settings or data.
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

    vocabulary = Vocabulary.of_words(u.text for u in corpus.train)
    model = CommandModel(config, vocabulary).to(device)
    train_set = _load("train", corpus.train, vocabulary, config, observer).to(device)
    valid_set = None
    if corpus.valid:
        valid_set = _load("valid", corpus.valid, vocabulary, config, observer).to(device)
    noise = None
    if corpus.noise:
        noise_vocabulary = Vocabulary.of_words(u.text for u in corpus.noise)
        noise = _load("noise", corpus.noise, noise_vocabulary, config, observer).arena.to(device)
    augmenter = Augmenter(config.augment, config.features, settings.seed, noise, device)
    if run.start is None:
        _set_statistics(model, train_set)

    optimizer = make_optimizer(model, settings)
    average = start_average(model)
    facts: dict[str, Any] = {
        "config": config.model_dump(mode="json"),
        "labels": list(vocabulary),
        "threads": torch.get_num_threads(),
        "training_data": _summary(train_set, config.features.sample_rate_hz),
        "epoch": 0,
        "step": 0,
        "best": None,
    }
    if run.start:
        for fact in ("labels", "training_data"):
            if run.start.facts[fact] != facts[fact]:
                raise ConfigError(
                    f"{out}: was begun on other data ({fact}: {run.start.facts[fact]} before, "
                    f"{facts[fact]} now); resume with the same, or pass another --out"
                )
        unpack(run.start, model, average, optimizer)
        facts = run.start.facts
        log.info("resumed after epoch %d", facts["epoch"])

    streams = StreamTrainer(config, model, augmenter)
    criterion = nn.CrossEntropyLoss(label_smoothing=settings.label_smoothing)
    steps_per_epoch = -(-len(train_set) // settings.batch_size)
    total_steps = settings.epochs * steps_per_epoch
    bfloat16 = settings.precision == "bfloat16"
    precision = torch.autocast(device.type, torch.bfloat16, enabled=bfloat16)
    try:
        for epoch in range(facts["epoch"], settings.epochs):
            if _stalled(facts, settings.patience):
                break
            began = time.perf_counter()
            batches = epoch_batches(
                train_set, settings.batch_size, settings.balance, settings.seed, epoch
            )
            observer.epoch_begins(epoch + 1, settings.epochs, len(batches))
            model.train()
            streams.begin(epoch)
            total_loss, total_norm, clips = 0.0, 0.0, 0
            for step, draws in enumerate(batches):
                rate = learning_rate(settings, facts["step"], total_steps)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                if streams.takes(step, draws):
                    loss = streams.loss(step, train_set, draws, criterion, precision)
                else:
                    with torch.no_grad():  # the front end has nothing to learn
                        batch = make_batch(train_set, draws, augmenter, epoch, len(vocabulary))
                        feats, feat_lens = model.features(batch.wave, batch.wave_lens)
                        feats = augmenter.features(feats, feat_lens, draws, epoch)
                    with precision:
                        logits = model.clip_logits(*model.hidden(feats, feat_lens))
                    loss = criterion(logits.float(), batch.targets)
                loss_value = loss.item()  # once a step: a GPU waits for it
                if not math.isfinite(loss_value):
                    raise ModelError(
                        f"{out}: loss is {loss_value} in epoch {epoch + 1}, step {facts['step']}; "
                        "lower training.learning_rate or training.clip_norm and resume"
                    )
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                total_norm += clip_gradients(model, settings)
                optimizer.step()
                update_average(average, model, settings.average_decay, facts["step"])
                facts["step"] += 1
                total_loss += loss_value * len(draws)
                clips += len(draws)
                observer.step_done(loss_value, len(draws))
            seconds = time.perf_counter() - began

            record = {
                "epoch": epoch + 1,
                "train_loss": total_loss / clips,
                "gradient_norm": total_norm / len(batches),
                "learning_rate": rate,
                "clips_per_s": clips / seconds,
                "seconds": seconds,
            }
            if valid_set is not None:
                record |= _validate(model, average, valid_set, config)
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


def _load(
    name: str,
    utterances: Sequence[Utterance],
    vocabulary: Vocabulary,
    config: Config,
    observer: Observer,
) -> Dataset:
    observer.loading(name, len(utterances))
    rate_hz = config.features.sample_rate_hz
    dataset = load_dataset(utterances, vocabulary, rate_hz, observer.loaded_clip)
    for fault in dataset.faults:
        observer.unreadable(fault)
    return dataset


def _summary(dataset: Dataset, rate_hz: int) -> dict[str, Any]:
    return {
        "utterances": len(dataset),
        "speakers": len({utterance.speaker for utterance in dataset.utterances}),
        "hours": round(int(dataset.lengths.sum()) / rate_hz / 3600, 3),
    }


@torch.no_grad()
def _set_statistics(model: CommandModel, dataset: Dataset) -> None:
    statistics = FeatureStatistics(model.front_end.config.dimension)
    spread = torch.linspace(0, len(dataset) - 1, min(len(dataset), _STATISTICS_CLIPS)).long()
    for indices in spread.split(64):
        statistics.update(*model.features(*dataset.waves(indices)))
    model.front_end.set_statistics(*statistics.mean_std())


@torch.no_grad()
def _validate(
    model: CommandModel, average: dict[str, torch.Tensor], dataset: Dataset, config: Config
) -> dict[str, float]:
    """Loss and accuracy of the averaged weights on clips, and on streams if trained for them."""
    trained = {name: p.detach().clone() for name, p in model.named_parameters()}
    model.load_state_dict(average, strict=False)
    model.eval()
    loss, correct = 0.0, 0
    for indices in sequential_batches(dataset, config.training.batch_size):
        logits = model.logits(*model.features(*dataset.waves(indices)))
        targets = dataset.targets[indices]
        loss += nn.functional.cross_entropy(logits, targets, reduction="sum").item()
        correct += int((logits.argmax(-1) == targets).sum())
    scores = {"valid_loss": loss / len(dataset), "valid_accuracy": correct / len(dataset)}
    if config.streaming.share:
        scores |= stream_scores(model, config, dataset)
    model.load_state_dict(trained, strict=False)
    return scores


def _score(record: dict[str, Any]) -> float:
    """What the best epoch minimises; without a validation list the latest epoch wins."""
    if "valid_loss" not in record:
        return -float(record["epoch"])
    return float(record["valid_loss"] + record.get("valid_stream_loss", 0.0))


def _stalled(facts: dict[str, Any], patience: int | None) -> bool:
    if patience is None or facts["best"] is None:
        return False
    return facts["epoch"] - facts["best"]["epoch"] >= patience
