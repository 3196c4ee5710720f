"""Long streams made of recordings that follow one another, as a microphone would hear them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from speechrnn.audio import audio_info, stream_audio
from speechrnn.datadir import Utterance, load_wave
from speechrnn.decoding.activity import FRAMES_PER_S, levels_db, loudest_part
from speechrnn.errors import AudioError

_GAP_S = (0.3, 1.5)
_FAINT = 10 ** (-70 / 20)  # of full scale; between recordings, as no microphone delivers zeros
_PAUSE_FRAMES = 15  # a closure inside a word, as before the t of "right", is shorter
_PHRASE_PAUSE_FRAMES = 30  # so are the pauses between the words of one label
_LONGEST_S = 10.0  # of a recording at a time, in synthetic streams
_GAIN_DB = (-20.0, 0.0)
_SNR_DB = (0.0, 30.0)


@dataclass(frozen=True)
class Placed:
    """An utterance in a stream.

    Attributes:
        utterance: A recording, or a stretch of one.
        start_s: Where it begins in the stream.
        end_s: Where it ends there.
        sound_start_s: Where the sound of a word begins there; else as `start_s`.
        sound_end_s: Where it ends; else as `end_s`.
    """

    utterance: Utterance
    start_s: float
    end_s: float
    sound_start_s: float
    sound_end_s: float


class Strung:
    """Strings recordings together, block by block, and notes where each lies.

    One of `words`, `recordings` and `synthetic` makes the samples, (S,) float32 blocks. The same
    seed and recordings make the same stream.

    Attributes:
        placed: The utterances so far, in order of time.
        faults: Utterances that were left out and why.
        num_samples: Samples so far.
        steps: Utterances so far, read or left out; of a synthetic stream minutes.
    """

    def __init__(self, sample_rate_hz: int, seed: int) -> None:
        """Start an empty stream."""
        self.placed: list[Placed] = []
        self.faults: dict[Utterance, AudioError] = {}
        self.num_samples = 0
        self.steps = 0
        self._rate_hz = sample_rate_hz
        self._random = np.random.default_rng(seed)
        self._duration_s = lru_cache(None)(lambda path: audio_info(path).duration_s)

    def words(self, utterances: Sequence[Utterance]) -> Iterator[np.ndarray]:
        """Utterances of a word each, once, in random order, with gaps of 0.3 to 1.5 s."""
        yield self._next(self._gap())
        for index in self._random.permutation(len(utterances)):
            self.steps += 1
            utterance = utterances[index]
            try:
                wave = load_wave(utterance, self._rate_hz)
            except AudioError as fault:
                self.faults[utterance] = fault
                continue
            begin = self.num_samples
            yield self._next(wave)
            sound = sound_samples(wave, self._rate_hz, " " in utterance.text)
            self._place(utterance, begin, begin + len(wave), sound)
            yield self._next(self._gap())
        yield self._next(self._gap())  # the last word must have time to fire

    def recordings(self, utterances: Sequence[Utterance]) -> Iterator[np.ndarray]:
        """Recordings of any length as they are, once, in their order, with gaps.

        What came of a recording before it proved to be damaged stays.
        """
        yield self._next(self._gap())
        for utterance in utterances:
            self.steps += 1
            begin = self.num_samples
            try:
                for wave in self._blocks(utterance):
                    yield self._next(wave)
            except AudioError as fault:
                self.faults[utterance] = fault
            if self.num_samples > begin:
                self._place(utterance, begin, self.num_samples)
                yield self._next(self._gap())

    def synthetic(self, utterances: Sequence[Utterance], hours: float) -> Iterator[np.ndarray]:
        """Recordings strung anew until the hours are full.

        All come equally often, in random order, at most 10 s of each at a time, at a random level,
        with gaps, over another of them as noise 0 to 30 dB below.

        Raises:
            AudioError: A recording cannot be read.
        """
        total = max(1, round(3600 * hours * self._rate_hz))
        while self.num_samples < total:
            order = self._random.permutation(len(utterances))
            for index, below in zip(order, np.roll(order, 1), strict=True):
                stretch = self._stretch(utterances[index])
                wave = load_wave(stretch, self._rate_hz)
                gap = self._gap()
                bed = load_wave(self._stretch(utterances[below]), self._rate_hz)
                bed = np.resize(bed, len(wave) + len(gap))
                mixed = np.concatenate([wave, gap]) * _ratio(self._random.uniform(*_GAIN_DB))
                mixed += bed * self._bed_gain(mixed[: len(wave)], bed)
                begin = self.num_samples
                yield self._next(np.clip(mixed[: total - begin], -1, 1).astype(np.float32))
                self._place(stretch, begin, min(begin + len(wave), total))
                self.steps = self.num_samples // (60 * self._rate_hz)
                if self.num_samples == total:
                    return

    def _next(self, wave: np.ndarray) -> np.ndarray:
        self.num_samples += len(wave)
        return wave

    def _place(
        self, utterance: Utterance, begin: int, end: int, sound: tuple[int, int] | None = None
    ) -> None:
        first, last = sound or (0, end - begin)
        places = (begin, end, begin + first, begin + last)
        self.placed.append(Placed(utterance, *(place / self._rate_hz for place in places)))

    def _gap(self) -> np.ndarray:
        count = round(self._random.uniform(*_GAP_S) * self._rate_hz)
        return self._random.standard_normal(count, np.float32) * np.float32(_FAINT)

    def _blocks(self, utterance: Utterance) -> Iterator[np.ndarray]:
        if utterance.is_segment:
            return iter([load_wave(utterance, self._rate_hz)])
        return stream_audio(utterance.wav, self._rate_hz, self._rate_hz)

    def _stretch(self, utterance: Utterance) -> Utterance:
        start_s = utterance.start_s or 0.0
        end_s = utterance.end_s
        if end_s is None:
            end_s = self._duration_s(utterance.wav)
        if end_s - start_s <= _LONGEST_S:
            return utterance
        start_s = self._random.uniform(start_s, end_s - _LONGEST_S)
        return replace(utterance, start_s=start_s, end_s=start_s + _LONGEST_S)

    def _bed_gain(self, wave: np.ndarray, bed: np.ndarray) -> float:
        """What brings a bed below a wave by a random ratio of powers."""
        power = float(np.square(bed).mean())
        wanted = float(np.square(wave).mean()) / _ratio(self._random.uniform(*_SNR_DB)) ** 2
        return (wanted / power) ** 0.5 if power else 0.0


def sound_samples(wave: np.ndarray, sample_rate_hz: int, is_phrase: bool) -> tuple[int, int]:
    """Where the sound of an utterance lies: its first sample and one past its last.

    Args:
        wave: (S,) samples, S at least 1.
        sample_rate_hz: Their rate.
        is_phrase: Whether it has pauses between words.
    """
    frame_samples = sample_rate_hz // FRAMES_PER_S
    levels = levels_db(wave, frame_samples)
    if not len(levels):
        return 0, len(wave)
    pause_frames = _PHRASE_PAUSE_FRAMES if is_phrase else _PAUSE_FRAMES
    first, last = loudest_part(levels, 0, len(levels), pause_frames)
    return first * frame_samples, last * frame_samples


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 20))
