"""What a run learns from: utterances, decoded, and what is known of them before the first step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from speechrnn.config import Config
from speechrnn.dataset import Dataset, ShardedDataset, load_dataset
from speechrnn.features import FeatureStatistics
from speechrnn.models.command import CommandModel
from speechrnn.shards.cache import ClipCache
from speechrnn.shards.folder import ShardFolder
from speechrnn.shards.material import Material, shard_folders, utterances
from speechrnn.training.observer import Observer
from speechrnn.training.transcripts import Lexicon
from speechrnn.vocabulary import Vocabulary

_STATISTICS_CLIPS = 2000  # clips that the global mean and deviation of the features come from


@dataclass(frozen=True)
class Corpus:
    """What a run learns from and is watched on."""

    train: Material
    valid: Material = ()
    noise: Material = ()  # mixed into training clips; none: synthetic noise
    lexicon: Lexicon | None = None  # how words are spelt in the units of a CTC head
    cache: ClipCache | None = None  # keeps what was decoded for the next run


def load(
    name: str,
    material: Material,
    vocabulary: Vocabulary,
    config: Config,
    observer: Observer,
    cache: ClipCache | None = None,
) -> Dataset:
    """Bring one list into memory, with progress; what cannot be read is told of."""
    if folders := shard_folders(material):
        return sharded(folders, vocabulary, config, observer).whole()
    heard = utterances(material)
    observer.loading(name, len(heard))
    rate_hz = config.features.sample_rate_hz
    dataset = load_dataset(heard, vocabulary, rate_hz, observer.loaded_clip, cache)
    for fault in dataset.faults:
        observer.unreadable(fault)
    return dataset


def sharded(
    folders: Sequence[ShardFolder], vocabulary: Vocabulary, config: Config, observer: Observer
) -> ShardedDataset:
    """Open shards; what could not be read when they were made is told of."""
    dataset = ShardedDataset(folders, vocabulary, config.features.sample_rate_hz)
    for fault in dataset.faults:
        observer.unreadable(fault)
    return dataset


@torch.no_grad()
def set_statistics(model: CommandModel, dataset: Dataset | ShardedDataset) -> None:
    """Give the front end the mean and deviation of the features of clips spread over the data."""
    statistics = FeatureStatistics(model.front_end.config.dimension)
    clips, spread = dataset.sample(_STATISTICS_CLIPS)
    for indices in spread.split(64):
        statistics.update(*model.features(*clips.waves(indices)))
    model.front_end.set_statistics(*statistics.mean_std())
