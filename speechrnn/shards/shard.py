"""A shard: some thousand decoded clips in one file, each with its text and speaker.

A file in the safetensors format with these arrays, n clips long unless it says otherwise:

- `samples` (N) int16: all clips end to end; 32767 is full scale.
- `lengths` int64: samples of each clip.
- `positions` int64: where in the list that the shard was made of each clip stands.
- `text`, `speaker` int32: line of `texts`, `speakers` that belongs to the clip.
- `texts`, `speakers`, `ids` uint8: lines of UTF-8 joined by newlines.

Its header holds, as JSON under `speechrnn`: `format`, `sample_rate_hz`, `key` (what it was made of)
and `faults` (a line for each utterance that could not be read and was left out).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from speechrnn.datadir import Utterance, load_wave
from speechrnn.errors import AudioError, DataError
from speechrnn.shards.container import Container, write_container
from speechrnn.shards.identity import decoding_key

FULL_SCALE = 32767.0
_FORMAT = 1


class Shard:
    """An open shard; nothing but its header is in memory.

    Attributes:
        path: The file.
        sample_rate_hz: Of its clips.
        key: What it was made of, see `shard_key`.
        faults: One line for each utterance that was left out.
        lengths: (n) int64, samples of each clip.
    """

    def __init__(self, path: Path) -> None:
        """Open.

        Raises:
            DataError: Missing, cut off, no shard, or of a newer format.
        """
        self.container = Container(path)
        self.path = path
        facts = self.container.facts
        if facts.get("format") != _FORMAT:
            raise DataError(
                f"{path}: format is {facts.get('format')}, expected {_FORMAT}; make it again"
            )
        self.sample_rate_hz: int = facts["sample_rate_hz"]
        self.key: str = facts["key"]
        self.faults: list[str] = facts["faults"]
        self.lengths = self.container["lengths"]

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def starts(self) -> np.ndarray:
        """(n + 1) int64, each clip's first sample, and the number of them all."""
        return np.concatenate([[0], np.cumsum(self.lengths)])

    @cached_property
    def texts(self) -> list[str]:
        """Every text that occurs."""
        return self._lines("texts")

    @cached_property
    def speakers(self) -> list[str]:
        """Every speaker that occurs."""
        return self._lines("speakers")

    @cached_property
    def ids(self) -> list[str]:
        """The utterances' ids."""
        return self._lines("ids")

    def utterance(self, clip: int) -> Utterance:
        """What a clip was made of, but that its recording is the shard."""
        text = self.texts[self.container["text"][clip]]
        speaker = self.speakers[self.container["speaker"][clip]]
        name = self.ids[clip]
        return Utterance(name, self.path, speaker, text, name)

    def _lines(self, name: str) -> list[str]:
        return self.container[name].tobytes().decode().split("\n")


def shard_key(utterances: Sequence[Utterance], sample_rate_hz: int) -> str:
    """Names what a shard of these utterances holds, see `decoding_key`."""
    digest = hashlib.blake2b(decoding_key(utterances, sample_rate_hz).encode(), digest_size=16)
    digest.update(repr([(u.text, u.speaker) for u in utterances]).encode())
    return digest.hexdigest()


def write_shard(path: Path, utterances: Sequence[Utterance], sample_rate_hz: int) -> int:
    """Decode utterances into a shard, unless that shard is there, whole, already.

    Args:
        path: The file.
        utterances: What to read.
        sample_rate_hz: Rate that everything is resampled to.

    Returns:
        How many utterances these are, for progress.

    Raises:
        DataError: It cannot be written.
    """
    key = shard_key(utterances, sample_rate_hz)
    if _is_whole(path, key):
        return len(utterances)
    waves, kept, faults = [np.zeros(0, np.int16)], [], []
    for position, utterance in enumerate(utterances):
        wave = decode(utterance, sample_rate_hz)
        if isinstance(wave, str):
            faults.append(wave)
        else:
            waves.append(wave)
            kept.append(position)
    read = [utterances[position] for position in kept]
    texts, text = _table([u.text for u in read])
    speakers, speaker = _table([u.speaker for u in read])
    arrays: dict[str, list[np.ndarray]] = {
        "samples": waves,
        "lengths": [np.array([len(wave) for wave in waves[1:]], np.int64)],
        "positions": [np.array(kept, np.int64)],
        "text": [text],
        "speaker": [speaker],
        "texts": [texts],
        "speakers": [speakers],
        "ids": [_joined([u.id for u in read])],
    }
    facts = {"format": _FORMAT, "sample_rate_hz": sample_rate_hz, "key": key, "faults": faults}
    write_container(path, arrays, facts)
    return len(utterances)


def decode(utterance: Utterance, sample_rate_hz: int) -> np.ndarray | str:
    """(S) int16 samples of an utterance, or the line that says why it cannot be read."""
    try:
        wave = load_wave(utterance, sample_rate_hz)
    except AudioError as fault:
        return str(fault)
    return np.round(np.clip(wave, -1, 1) * FULL_SCALE).astype(np.int16)


def _is_whole(path: Path, key: str) -> bool:
    if not path.exists():
        return False
    try:
        shard = Shard(path)
    except DataError:
        return False
    return shard.key == key and shard.container.is_sound()


def _table(lines: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Every different line, joined, and (n) int32 which of them each is."""
    different = sorted(set(lines))
    place = {line: number for number, line in enumerate(different)}
    return _joined(different), np.array([place[line] for line in lines], np.int32)


def _joined(lines: Sequence[str]) -> np.ndarray:
    return np.frombuffer("\n".join(lines).encode(), np.uint8)
