"""All that a training works with, set up before its first step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from speechrnn.augment import Augmenter
from speechrnn.config import Config
from speechrnn.dataset import Dataset, ShardedDataset
from speechrnn.models.command import CommandModel
from speechrnn.shards.material import shard_folders, texts_of
from speechrnn.training.corpus import Corpus, load, set_statistics, sharded
from speechrnn.training.distributed import Group
from speechrnn.training.environment import arithmetic
from speechrnn.training.objective import Objective
from speechrnn.training.observer import Observer
from speechrnn.training.start import Start
from speechrnn.training.streams import StreamTrainer
from speechrnn.training.teacher import Teacher
from speechrnn.training.transcripts import Speller, Transcripts
from speechrnn.vocabulary import Vocabulary


@dataclass(frozen=True)
class Session:
    """What a training works with.

    Attributes:
        model: The network, its front end knowing the statistics of the training data.
        train_set: What it learns from.
        valid_set: What it is watched on; none: nothing.
        valid_transcripts: What is said there, in units; for a CTC head.
        augmenter: Changes clips.
        teacher: Has a say in what the clip head learns.
        objective: What is minimised.
        streams: Turns clips into pieces of streams.
        facts: What a checkpoint tells of all this, as plain JSON values.
    """

    model: CommandModel
    train_set: Dataset | ShardedDataset
    valid_set: Dataset | None
    valid_transcripts: Transcripts
    augmenter: Augmenter
    teacher: Teacher
    objective: Objective
    streams: StreamTrainer
    facts: dict[str, Any]


def set_up(
    config: Config,
    corpus: Corpus,
    observer: Observer,
    teachers: Sequence[CommandModel],
    start: Start | None,
    group: Group,
) -> Session:
    """Read the data and make the network.

    Args:
        config: The run's settings.
        corpus: Utterances or shards of them; the text of each is its class.
        observer: Told of progress.
        teachers: Trained networks to learn from.
        start: A trained network to begin with.
        group: The processes that train together.

    Raises:
        ConfigError: A teacher or the start does not fit, or processes were given different data.
        DataError: No readable clip, or a validation word that training lacks.
    """
    settings, device = config.training, group.device
    torch.manual_seed(settings.seed)
    has_clips, has_sequences = config.model.pooling != "none", config.model.frame_head == "ctc"
    texts = texts_of(corpus.train)
    vocabulary = Vocabulary.of_words(texts) if has_clips else Vocabulary([])
    speller = Speller(texts if has_sequences else (), config.model.units, corpus.lexicon)
    symbols = speller.symbols if has_sequences else None
    model = CommandModel(config, vocabulary, symbols, speller.lexicon(texts)).to(device)
    cache = corpus.cache
    train_set: Dataset | ShardedDataset
    if folders := shard_folders(corpus.train):
        train_set = sharded(folders, vocabulary, config, observer).to(device)
    else:
        train_set = load("train", corpus.train, vocabulary, config, observer, cache).to(device)
    valid_set, noise = None, None
    if corpus.valid:
        valid_set = load("valid", corpus.valid, vocabulary, config, observer, cache).to(device)
    if corpus.noise:
        clips = load("noise", corpus.noise, Vocabulary([]), config, observer, cache)
        noise = clips.arena.to(device)
    if start:
        start.copy_to(model)
    else:
        set_statistics(model, train_set)
    augmenter = Augmenter(config.augment, config.features, settings.seed, noise, device)
    teacher = Teacher(teachers, model, settings.teacher_share)
    transcripts = Transcripts(texts if has_sequences else (), speller)
    watched = texts_of(corpus.valid) if has_sequences else ()
    facts: dict[str, Any] = {
        "config": config.model_dump(mode="json"),
        "labels": list(vocabulary),
        "symbols": list(model.symbols),
        "lexicon": model.lexicon,
        "training_data": train_set.summary(config.features.sample_rate_hz),
        "teachers": teacher.digests,
        "start": start.digest if start else None,
    }
    group.check_same(facts)
    group.copy_first(model)
    facts["arithmetic"] = {**arithmetic(device), "processes": group.size}
    return Session(
        model,
        train_set,
        valid_set,
        Transcripts(watched, speller),
        augmenter,
        teacher,
        Objective(config, model, transcripts, group),
        StreamTrainer(config, model, augmenter, teacher, group),
        facts,
    )
