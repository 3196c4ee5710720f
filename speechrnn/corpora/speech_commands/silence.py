"""The long background noises: a stretch of each for every part, and clips without speech."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from speechrnn.audio import audio_info
from speechrnn.corpora.speech_commands.clips import BACKGROUND, recordings
from speechrnn.datadir import Utterance
from speechrnn.errors import DataError
from speechrnn.vocabulary import SILENCE

# Where each part's stretch of every noise begins and ends, as a share of the recording.
_STRETCHES = {"train": (0.0, 0.6), "valid": (0.6, 0.8), "test": (0.8, 1.0)}
_CLIP_MS = 1000


@dataclass(frozen=True)
class Stretch:
    """A part's own stretch of a noise: no other part has a sample of it.

    Attributes:
        path: The recording.
        part: `train`, `valid` or `test`.
        start_ms: Where the stretch begins.
        end_ms: Where it ends.
    """

    path: Path
    part: str
    start_ms: int
    end_ms: int

    def whole(self) -> Utterance:
        """The stretch, to mix with speech."""
        return self._utterance(self.path.stem, self.start_ms, self.end_ms)

    def clips(self, count: int) -> list[Utterance]:
        """Clips of a second, evenly spread; where there are many, they overlap."""
        room_ms = self.end_ms - self.start_ms - _CLIP_MS
        starts_ms = (self.start_ms + room_ms * i // max(count - 1, 1) for i in range(count))
        return [
            self._utterance(f"{self.path.stem}-{i:05d}", start_ms, start_ms + _CLIP_MS)
            for i, start_ms in enumerate(starts_ms)
        ]

    def _utterance(self, name: str, start_ms: int, end_ms: int) -> Utterance:
        return Utterance(
            f"{noise_speaker(self.part)}-{name}",
            self.path.absolute(),
            noise_speaker(self.part),
            SILENCE,
            f"{BACKGROUND}-{self.path.stem}",
            start_ms / 1000,
            end_ms / 1000,
        )


def noise_speaker(part: str) -> str:
    """Who "speaks" in noise; a name for each part, since no speaker may stand in two."""
    return f"noise_{part}"


def stretches(source: str | Path, part: str) -> list[Stretch]:
    """A part's stretch of each noise of the corpus; none where it has no noises.

    Raises:
        DataError: A noise is too short to cut a clip for each part from.
        AudioError: A noise cannot be read.
    """
    found = []
    for path in recordings(source, f"{BACKGROUND}/*"):
        duration_ms = int(audio_info(path).duration_s * 1000)
        start_ms, end_ms = (round(share * duration_ms) for share in _STRETCHES[part])
        if end_ms - start_ms < _CLIP_MS:
            raise DataError(
                f"{path}: has {duration_ms / 1000:g} s, expected 5 s or more for training, "
                "validation and test to have a stretch each; remove it"
            )
        found.append(Stretch(path, part, start_ms, end_ms))
    return found


def silences(noises: list[Stretch], count: int) -> list[Utterance]:
    """`count` clips without speech, of every noise about as many."""
    share, rest = divmod(count, len(noises))
    return [clip for i, noise in enumerate(noises) for clip in noise.clips(share + int(i < rest))]
