"""What a run is given to learn from: Kaldi data directories, or folders of shards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from speechrnn.datadir import Utterance, read_datadir
from speechrnn.datadir.speakers import check_disjoint
from speechrnn.errors import DataError
from speechrnn.shards.folder import ShardFolder, is_shard_folder, read_shard_folder

Material = Sequence[Utterance] | Sequence[ShardFolder]


def read_material(paths: Sequence[Path]) -> Material:
    """Everything that some directories hold, which are all of one kind.

    Raises:
        DataError: One cannot be read, or there are both kinds.
    """
    shards = [path for path in paths if is_shard_folder(path)]
    if not shards:
        return [utterance for path in paths for utterance in read_datadir(path)]
    others = [path for path in paths if path not in shards]
    if others:
        raise DataError(
            f"{shards[0]} holds shards, {others[0]} does not; make shards of all, or of none"
        )
    return [read_shard_folder(path) for path in shards]


def texts_of(material: Material) -> set[str]:
    """Everything that is said."""
    if folders := shard_folders(material):
        return {text for folder in folders for text in folder.texts}
    return {utterance.text for utterance in utterances(material)}


def speakers_of(material: Material) -> set[str]:
    """Everybody who speaks."""
    if folders := shard_folders(material):
        return {speaker for folder in folders for speaker in folder.speakers}
    return {utterance.speaker for utterance in utterances(material)}


def check_speakers_apart(one: str, some: Material, other: str, others: Material) -> None:
    """Stop where a speaker stands in both; `one` and `other` name them.

    Raises:
        DataError: Names the speakers.
    """
    check_disjoint(one, speakers_of(some), other, speakers_of(others))


def shard_folders(material: Material) -> list[ShardFolder]:
    """The folders, where it is shards."""
    return [item for item in material if isinstance(item, ShardFolder)]


def utterances(material: Material) -> list[Utterance]:
    """The utterances, where it is these."""
    return [item for item in material if isinstance(item, Utterance)]
