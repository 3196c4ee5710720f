"""A model heard over long streams: its words strung together, and audio in which none is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from speechrnn.datadir import Utterance
from speechrnn.decoding.operating_point import OperatingPoint
from speechrnn.errors import AudioError, ConfigError, DataError
from speechrnn.evaluation.hearing import Hearing, hear
from speechrnn.evaluation.material import read_negatives, read_words
from speechrnn.evaluation.strung import Placed, Strung
from speechrnn.runtime.recognizer import Recognizer

SYNTHETIC = "synthetic"
_SEED = 0
_MOST_HOURS = 1000

Counting = Callable[[str, int], AbstractContextManager[Callable[[], None]]]


@dataclass(frozen=True)
class Part:
    """One stream of a trial.

    Attributes:
        name: Where it comes from.
        hearing: What the model made of it.
        placed: The utterances in it, in order of time.
        hours: How much of it counts: all of a synthetic stream, else the recordings alone.
        faults: Utterances that were left out and why.
    """

    name: str
    hearing: Hearing
    placed: list[Placed]
    hours: float
    faults: dict[Utterance, AudioError]


@dataclass(frozen=True)
class LiveTrial:
    """All streams of a trial.

    Attributes:
        said: The model's words.
        others: The other utterances of the same directory, none or one part.
        recordings: A part for each directory of negatives.
        synthetic: Other words and recordings strung anew, none or one part.
        notes: What was left out on purpose.
    """

    said: Part
    others: list[Part]
    recordings: list[Part]
    synthetic: list[Part]
    notes: list[str]

    @property
    def negatives(self) -> list[Part]:
        """Where nothing may fire."""
        parts = [*self.others, *self.recordings, *self.synthetic]
        return [part for part in parts if part.hours]

    @property
    def hours(self) -> float:
        """How long nothing may fire."""
        return sum(part.hours for part in self.negatives)

    @property
    def faults(self) -> list[AudioError]:
        """Why recordings were left out."""
        parts = [self.said, *self.others, *self.recordings]
        return [fault for part in parts for fault in part.faults.values()]


@contextmanager
def _uncounted(label: str, total: int) -> Iterator[Callable[[], None]]:
    yield lambda: None


class LiveListener:
    """Runs a model over streams that are made while it hears them."""

    def __init__(
        self,
        recognizer: Recognizer,
        point: OperatingPoint,
        sources: Sequence[str],
        counting: Counting = _uncounted,
    ) -> None:
        """Set up.

        Args:
            recognizer: The model.
            point: Tells chunk and look-ahead.
            sources: Which posteriors are kept.
            counting: Shows progress.

        Raises:
            ConfigError: The model reads sequences, which no thresholds decide on.
        """
        if recognizer.info.reads_sequences:
            raise ConfigError(
                f"{recognizer.info.path}: reads sequences; thresholds and false alarms are counted "
                "for models of single words, word errors by 'speechrnn evaluate' without --stream"
            )
        self._recognizer = recognizer
        self._point = point
        self._sources = sources
        self._counting = counting

    def trial(
        self, words: Path, negatives: Sequence[Path], synthetic_hours: float = 0.0
    ) -> LiveTrial:
        """Hear all streams of a trial, each once.

        Args:
            words: Kaldi directory of single words, the model's and others.
            negatives: Kaldi directories, or folders of recordings.
            synthetic_hours: How much to string anew from the negatives and the other words.

        Raises:
            ConfigError: Negative or endless hours.
            DataError: Nothing to hear where something must be.
            AudioError: None of the words can be read, or a recording no longer.
        """
        if not 0 <= synthetic_hours <= _MOST_HOURS:
            raise ConfigError(
                f"synthetic negatives: {synthetic_hours:g} hours, expected 0 to {_MOST_HOURS}"
            )
        known = self._recognizer.info.words
        of_words = read_words(words, known)
        folders = [read_negatives(folder, known) for folder in negatives]
        said = self._words(str(words), of_words.said)
        if not said.placed:
            raise next(iter(said.faults.values()))
        others = []
        if of_words.others:
            others = [self._words("other words", of_words.others)]
        recordings = [
            self._recordings(str(folder), found.utterances)
            for folder, found in zip(negatives, folders, strict=True)
        ]
        pool = [
            placed.utterance
            for part in (*others, *recordings)
            for placed in part.placed
            if placed.utterance not in part.faults
        ]
        synthetic = [self._synthetic(pool, synthetic_hours)] if synthetic_hours else []
        notes = [
            f"{folder}: a word of the model is said in {found.left_out} of "
            f"{found.left_out + len(found.utterances)} utterances, left out"
            for folder, found in zip(negatives, folders, strict=True)
            if found.left_out
        ]
        return LiveTrial(said, others, recordings, synthetic, notes)

    def _words(self, name: str, utterances: Sequence[Utterance]) -> Part:
        strung = self._strung()
        return self._part(name, strung, strung.words(utterances), len(utterances))

    def _recordings(self, name: str, utterances: Sequence[Utterance]) -> Part:
        strung = self._strung()
        return self._part(name, strung, strung.recordings(utterances), len(utterances))

    def _synthetic(self, utterances: Sequence[Utterance], hours: float) -> Part:
        if not utterances:
            raise DataError(
                "synthetic negatives: nothing to string together; give recordings with --negatives"
            )
        strung = self._strung()
        part = self._part(SYNTHETIC, strung, strung.synthetic(utterances, hours), round(60 * hours))
        return replace(part, hours=hours)

    def _strung(self) -> Strung:
        return Strung(self._recognizer.info.sample_rate_hz, _SEED)

    def _part(self, name: str, strung: Strung, blocks: Iterable[np.ndarray], steps: int) -> Part:
        with self._counting(name, steps) as step:
            stepping = _stepping(strung, blocks, step)
            hearing = hear(stepping, self._recognizer, self._point, self._sources)
        seconds = sum(placed.end_s - placed.start_s for placed in strung.placed)
        return Part(name, hearing, strung.placed, seconds / 3600, strung.faults)


def _stepping(
    strung: Strung, blocks: Iterable[np.ndarray], step: Callable[[], None]
) -> Iterator[np.ndarray]:
    done = 0
    for block in blocks:
        yield block
        while done < strung.steps:
            done += 1
            step()
