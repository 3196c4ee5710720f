"""The corpus's layout: WORD/SPEAKER_nohash_TAKE.wav, and which part each speaker is in."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from speechrnn.datadir import Utterance
from speechrnn.datadir.speakers import check_disjoint
from speechrnn.errors import DataError

PARTS = ("train", "valid", "test")
BACKGROUND = "_background_noise_"
SUFFIXES = (".wav", ".flac")
_NAME = re.compile(r"(?P<speaker>\w+)_nohash_(?P<take>[0-9]+)")
_LISTS = {"valid": "validation_list.txt", "test": "testing_list.txt"}
_MOST_PER_CLASS = 2**27 - 1  # clips
_SHARE_PERCENT = 10  # of validation, and of test


@dataclass(frozen=True)
class Clip:
    """One recording of one word.

    Attributes:
        path: The file.
        word: What is said; the folder's name.
        speaker: Who says it.
        take: Which of this speaker's recordings of the word.
    """

    path: Path
    word: str
    speaker: str
    take: int

    def utterance(self, text: str) -> Utterance:
        """The whole clip as `speaker-word-take`, so that the word stays where `text` is another."""
        name = f"{self.speaker}-{self.word}-{self.take}"
        return Utterance(name, self.path.absolute(), self.speaker, text, name, start_s=0.0)


def read_clips(source: str | Path) -> list[Clip]:
    """All clips of all words.

    Raises:
        DataError: None there, or a recording of another name.
    """
    clips = []
    for path in sorted(Path(source).glob("*/*")):
        word = path.parent.name
        if path.suffix.lower() not in SUFFIXES or word == BACKGROUND or path.name.startswith("."):
            continue
        name = _NAME.fullmatch(path.stem)
        if name is None:
            raise DataError(
                f"{path}: expected a name such as 0a7c2a8d_nohash_0.wav; remove or rename the file"
            )
        clips.append(Clip(path, word, name["speaker"], int(name["take"])))
    if not clips:
        raise DataError(
            f"{source}: holds no WORD/SPEAKER_nohash_TAKE.wav (or flac); name the folder of Speech "
            "Commands, or get it with 'speechrnn download speech-commands'"
        )
    return clips


def split(source: str | Path, clips: list[Clip]) -> dict[str, list[Clip]]:
    """Training, validation and test: by the corpus's lists where it has them, else by speaker.

    Raises:
        DataError: One list alone, one that cannot be read, a clip in both, or a speaker on two
            sides.
    """
    paths = {part: Path(source) / name for part, name in _LISTS.items()}
    there = [path for path in paths.values() if path.exists()]
    if len(there) == 1:
        raise DataError(
            f"{there[0]}: stands alone; expected {' and '.join(_LISTS.values())}, or neither to "
            "split by a hash of the speaker"
        )
    parts: dict[str, list[Clip]] = {part: [] for part in PARTS}
    listed = {part: _read_list(path) for part, path in paths.items()} if there else {}
    for clip in clips:
        if there:
            place = f"{clip.word}/{clip.path.stem}"
            part = next((part for part, places in listed.items() if place in places), "train")
        else:
            part = part_of_speaker(clip.speaker)
        parts[part].append(clip)
    speakers = {part: {clip.speaker for clip in members} for part, members in parts.items()}
    for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
        check_disjoint(one, speakers[one], other, speakers[other])
    return parts


def part_of_speaker(speaker: str) -> str:
    """Warden's rule (`which_set`): the part of a clip by the SHA-1 of its name up to `_nohash_`.

    The same for all time, however many clips are added: about 80% of the speakers train, 10% each
    are for validation and test.
    """
    number = int(hashlib.sha1(speaker.encode(), usedforsecurity=False).hexdigest(), 16)
    percent = number % (_MOST_PER_CLASS + 1) * (100.0 / _MOST_PER_CLASS)
    if percent < _SHARE_PERCENT:
        return "valid"
    return "test" if percent < 2 * _SHARE_PERCENT else "train"


def _read_list(path: Path) -> set[str]:
    """`word/name` of each line; clips may have been converted, so the suffix doesn't count."""
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as fault:
        raise DataError(f"{path}: cannot be read ({fault})") from None
    return {line.rsplit(".", 1)[0] for line in lines}
