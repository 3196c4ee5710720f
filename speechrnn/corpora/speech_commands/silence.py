"""The long background noises: a stretch of each for every part, and clips without speech."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from speechrnn.audio import audio_info
from speechrnn.corpora.speech_commands.clips import BACKGROUND, SUFFIXES
from speechrnn.datadir import Utterance
from speechrnn.errors import DataError
from speechrnn.vocabulary import SILENCE

# Where each part's stretch of every noise begins and ends, as a share of the recording.
_STRETCHES = {"train": (0.0, 0.6), "valid": (0.6, 0.8), "test": (0.8, 1.0)}
_CLIP_MS = 1000


@dataclass(frozen=True)
class Stretch:
    """A part's own stretch of a noise; no other part has a sample of it.

    Attributes:
        path: The recording.
        start_ms: Where the stretch begins.
        end_ms: Where it ends.
    """

    path: Path
    start_ms: int
    end_ms: int

    def utterance(self, name: str, part: str, start_ms: int, end_ms: int) -> Utterance:
        """From `start_ms` to `end_ms` of the recording, with a speaker of the part's own."""
        speaker = f"noise_{part}"
        return Utterance(
            f"{speaker}-{name}",
            self.path.absolute(),
            speaker,
            SILENCE,
            f"{BACKGROUND}-{self.path.stem}",
            start_ms / 1000,
            end_ms / 1000,
        )


def stretches(source: str | Path, part: str) -> list[Stretch]:
    """A part's stretch of each background noise of the corpus.

    Raises:
        DataError: No noises there, or one too short to cut a clip for every part from.
        AudioError: A noise cannot be read.
    """
    found = []
    for path in sorted((Path(source) / BACKGROUND).glob("*")):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
            continue
        duration_ms = int(audio_info(path).duration_s * 1000)
        start_ms, end_ms = (round(share * duration_ms) for share in _STRETCHES[part])
        if end_ms - start_ms < _CLIP_MS:
            raise DataError(
                f"{path}: has {duration_ms / 1000:g} s, too short to share between training, "
                "validation and test; expected 5 s or more"
            )
        found.append(Stretch(path, start_ms, end_ms))
    if not found:
        raise DataError(
            f"{Path(source) / BACKGROUND}: holds no noises (wav or flac) to cut {SILENCE} from; "
            "put some there"
        )
    return found


def noises(source: str | Path, part: str) -> list[Utterance]:
    """The part's stretches whole, to mix with speech."""
    return [
        stretch.utterance(stretch.path.stem, part, stretch.start_ms, stretch.end_ms)
        for stretch in stretches(source, part)
    ]


def silences(source: str | Path, part: str, count: int) -> list[Utterance]:
    """Clips of one second, spread evenly over the part's stretches; they overlap where many."""
    of_part = stretches(source, part)
    clips = []
    for number in range(count):
        stretch = of_part[number % len(of_part)]
        turn, turns = number // len(of_part), -(-count // len(of_part))
        room_ms = stretch.end_ms - stretch.start_ms - _CLIP_MS
        start_ms = stretch.start_ms + room_ms * turn // max(turns - 1, 1)
        name = f"{stretch.path.stem}-{turn:05d}"
        clips.append(stretch.utterance(name, part, start_ms, start_ms + _CLIP_MS))
    return clips
