"""The corpus's layout: WORD/SPEAKER_nohash_TAKE.wav."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from speechrnn.audio import SUFFIXES
from speechrnn.datadir import Utterance
from speechrnn.errors import DataError

BACKGROUND = "_background_noise_"
_NAME = re.compile(r"(?P<speaker>\w+)_nohash_(?P<take>[0-9]+)")


@dataclass(frozen=True)
class Clip:
    """A recording of one word.

    Attributes:
        path: The file.
        word: What is said; the folder's name.
        speaker: Who says it.
        take: Which of the speaker's recordings of the word.
    """

    path: Path
    word: str
    speaker: str
    take: int

    def utterance(self, text: str | None = None) -> Utterance:
        """The clip as `speaker-word-take`, with its word as text or another.

        It is a segment, though whole, for segments of noises to stand beside it.
        """
        name = f"{self.speaker}-{self.word}-{self.take}"
        path = self.path.absolute()
        return Utterance(name, path, self.speaker, text or self.word, name, start_s=0.0)


def read_clips(source: str | Path) -> list[Clip]:
    """All clips of all words.

    Raises:
        DataError: None there, or a recording of another name.
    """
    clips = []
    for path in recordings(source, "*/*"):
        if path.parent.name == BACKGROUND:
            continue
        name = _NAME.fullmatch(path.stem)
        if name is None:
            raise DataError(
                f"{path}: expected a name such as 0a7c2a8d_nohash_0.wav; rename or remove it"
            )
        clips.append(Clip(path, path.parent.name, name["speaker"], int(name["take"])))
    if not clips:
        raise DataError(
            f"{source}: holds no WORD/SPEAKER_nohash_TAKE.wav (or flac); name the folder of Speech "
            "Commands, or get it with 'speechrnn download speech-commands'"
        )
    return clips


def recordings(folder: str | Path, pattern: str) -> list[Path]:
    """The recordings that fit a pattern, sorted; what systems hide beside them is none."""
    return [
        path
        for path in sorted(Path(folder).glob(pattern))
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    ]
