"""What a live trial is made of: words that are said, and audio in which nothing may fire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from speechrnn.audio import FORMATS, recordings_below
from speechrnn.datadir import Utterance, read_datadir
from speechrnn.errors import DataError


class Words(NamedTuple):
    """Utterances of a word each.

    Attributes:
        said: Those of the model's words.
        others: Other words, noise and silence.
    """

    said: list[Utterance]
    others: list[Utterance]


class Negatives(NamedTuple):
    """Recordings in which nothing may fire.

    Attributes:
        utterances: The recordings.
        left_out: How many were left out because a word of the model is said in them.
    """

    utterances: list[Utterance]
    left_out: int


def read_words(directory: str | Path, words: Sequence[str]) -> Words:
    """Read a Kaldi directory of single-word utterances.

    Args:
        directory: The directory.
        words: The model's.

    Raises:
        DataError: Not a data directory, or none of the words is said there.
    """
    utterances = read_datadir(directory)
    said = [utterance for utterance in utterances if utterance.text in words]
    if not said:
        raise DataError(
            f"{directory}: none of the model's words is said there ({', '.join(words)}); give a "
            "directory whose utterances are these words"
        )
    return Words(said, _without(utterances, words))


def read_negatives(directory: str | Path, words: Sequence[str]) -> Negatives:
    """Read a Kaldi directory, or find the recordings in any other folder and below.

    Utterances in whose text a word of the model stands are left out.

    Args:
        directory: The directory.
        words: The model's.

    Raises:
        DataError: Missing, faulty or without recordings.
    """
    utterances = read_recordings(directory)
    kept = _without(utterances, words)
    if not kept:
        raise DataError(f"{directory}: a word of the model is said in every utterance")
    return Negatives(kept, len(utterances) - len(kept))


def read_recordings(directory: str | Path) -> list[Utterance]:
    """Read a Kaldi directory, or find the recordings in any other folder and below.

    Args:
        directory: The directory.

    Returns:
        The utterances; those of a folder have neither speaker nor text.

    Raises:
        DataError: Missing, faulty or without recordings.
    """
    directory = Path(directory)
    if (directory / "wav.scp").exists():
        return read_datadir(directory)
    if not directory.is_dir():
        raise DataError(f"{directory}: no such folder; give one of recordings")
    paths = recordings_below(directory)
    if not paths:
        raise DataError(f"{directory}: no recordings in this folder; expected {FORMATS}")
    return [Utterance(str(path), path, "", "", str(path)) for path in paths]


def _without(utterances: Iterable[Utterance], words: Sequence[str]) -> list[Utterance]:
    return [
        utterance
        for utterance in utterances
        if not any(f" {word} " in f" {utterance.text} " for word in words)
    ]
