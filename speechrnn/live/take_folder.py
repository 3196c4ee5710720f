"""Where recorded takes go: a Kaldi directory that grows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from speechrnn.audio import resample, write_wav
from speechrnn.datadir import Utterance, id_of, read_datadir, write_datadir
from speechrnn.errors import ConfigError, DataError

_RATE_HZ = 16000
_WAVS = "wavs"


class TakeFolder:
    """A Kaldi directory with the takes of one speaker after another.

    The directory is complete after every take.

    Attributes:
        path: The directory; the recordings are in its folder `wavs`.
        utterances: What is in it, by id.
    """

    def __init__(self, path: Path, speaker: str) -> None:
        """Open a directory for a speaker, or plan a new one; nothing is written yet.

        Raises:
            ConfigError: The speaker has no name.
            DataError: Something else is there, or it is damaged.
        """
        self.path = path
        self.utterances: dict[str, Utterance] = {}
        self._speaker = id_of(speaker.strip())
        if not self._speaker:
            raise ConfigError("--speaker: expected a name, got blanks")
        if (path / "wav.scp").exists():
            self.utterances = {utterance.id: utterance for utterance in read_datadir(path)}
        elif path.exists() and (not path.is_dir() or {p.name for p in path.iterdir()} - {_WAVS}):
            raise DataError(
                f"{path}: there is something else than a data directory; name a new one"
            )
        self._ids = {*self.utterances, *(wav.stem for wav in (path / _WAVS).glob("*.wav"))}
        if any(utterance.is_segment for utterance in self.utterances.values()):
            raise DataError(f"{path}: holds segments of long recordings; name a new directory")

    def new_id(self, word: str) -> str:
        """The id of another take of a word; none is given twice."""
        number = 1
        while (name := f"{self._speaker}-{id_of(word)}-{number:03d}") in self._ids:
            number += 1
        self._ids.add(name)
        return name

    def keep(self, name: str, word: str, wave: np.ndarray, sample_rate_hz: int) -> Path:
        """Save a take, in place of the one of the same id if there is one; returns the file.

        Args:
            name: Id.
            word: What is said.
            wave: (S,) samples.
            sample_rate_hz: Their rate.

        Raises:
            AudioError: The file cannot be written.
            DataError: The directory cannot be written.
        """
        file = (self.path / _WAVS / f"{name}.wav").absolute()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise DataError(f"{file.parent}: cannot be made ({fault.strerror})") from None
        write_wav(file, resample(wave, sample_rate_hz, _RATE_HZ), _RATE_HZ)
        self.utterances[name] = Utterance(name, file, self._speaker, word, name)
        write_datadir(self.path, self.utterances.values())
        return file
