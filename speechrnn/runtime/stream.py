"""Live recognition: samples in as they come, words out as soon as they are certain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from speechrnn.audio import StreamResampler, resampling_delay_s
from speechrnn.decoding.detector import Firing, KeywordDetector
from speechrnn.decoding.endpoint import Endpointer
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.decoding.operating_point import OperatingPoint, default_operating_point
from speechrnn.errors import AudioError, ConfigError
from speechrnn.runtime.event import Event
from speechrnn.runtime.model_file import ModelInfo
from speechrnn.runtime.posteriors import Posteriors, PosteriorStream, window_frames, word_track
from speechrnn.runtime.reader import SentenceReader, WordReader, make_reader
from speechrnn.runtime.recognizer import Recognizer
from speechrnn.runtime.samples import mix_down
from speechrnn.runtime.sequences import Decoder, beam_decoder
from speechrnn.runtime.spoken import Spoken

_RATES_HZ = (1000, 1_000_000)


class Stream:
    """Hears the words in audio that never ends, in bounded memory.

    What is reported, and when on the clock of the audio, does not depend on the blocks that the
    samples arrive in. A stream belongs to one thread; streams may share a `Recognizer`.

    Attributes:
        words: What may be reported.
        thresholds: From which smoothed posterior on each word is.
        calibrated: Whether the model file says how to decide or, with a CTC head, what confidences
            mean.
        sample_rate_hz: Rate of the samples that are accepted.
        latency_s: Longest time that a sample waits until the network has judged it, the delay of
            resampling included; time to compute, and smoothing, come on top.
        posteriors: (W,) the latest smoothed posterior of each word.
        reads_sequences: Whether the model has a CTC head.
    """

    def __init__(
        self,
        model: str | Path | Recognizer | None = None,
        sample_rate: int | None = None,
        *,
        chunk_ms: float | None = None,
        look_ahead_ms: float | None = None,
        thresholds: Mapping[str, float] | None = None,
        decoder: Decoder | GrammarDecoder | None = None,
    ) -> None:
        """Start before the first sample.

        Args:
            model: A model file, a packaged model's name, or a loaded model; none: the default one
                of the package.
            sample_rate: Rate of the samples in Hz; none: the model's own.
            chunk_ms: How often the network runs, rounded to frames of the model; none: as the
                model file says, else 160.
            look_ahead_ms: What it hears before it judges a chunk, rounded to frames; none: as the
                model file says, else 160, or 0 for a network without a backward direction.
            thresholds: Posterior from which on a word is reported, for some of the words; of no
                account to a CTC head.
            decoder: Reads the sequences of a model with a CTC head, word by word or by a grammar;
                none: a small prefix beam.

        Raises:
            AudioError: The sample rate is out of range.
            ConfigError: A setting is out of range, or no word of the model.
            ModelError: Missing, foreign, damaged or too new.
        """
        recognizer = model if isinstance(model, Recognizer) else Recognizer(model)
        info = recognizer.info
        point = operating_point(info, chunk_ms, look_ahead_ms, thresholds)
        rate_hz = info.sample_rate_hz if sample_rate is None else int(sample_rate)
        if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
            raise AudioError(
                f"stream: sample rate is {rate_hz} Hz, expected {_RATES_HZ[0]} to {_RATES_HZ[1]}"
            )
        self.words = info.words
        self.thresholds = dict(point.thresholds)
        found = info.confidence_map if info.reads_sequences else info.operating_point
        self.calibrated = found is not None
        self.reads_sequences = info.reads_sequences
        self.sample_rate_hz = rate_hz
        self._recognizer = recognizer
        self._point = point
        self._detector = KeywordDetector(point, info.words, info.hop_ms, info.clip_ms)
        self._reader: WordReader | SentenceReader | None = None
        if info.reads_sequences:
            decoder = decoder or beam_decoder(info, live=True)
            self._reader = make_reader(decoder, info)
        self._delay_s = resampling_delay_s(rate_hz, info.sample_rate_hz)
        self._pending: str | None = None  # until somebody asks
        self._num_samples = 0
        self._last_end_s = 0.0
        self._finished = False
        self._begin(first_frame=0)
        self.latency_s = self._delay_s + self._network.latency_samples / info.sample_rate_hz

    @property
    def time_s(self) -> float:
        """Audio accepted so far, lost audio included."""
        return self._num_samples / self.sample_rate_hz

    @property
    def posteriors(self) -> np.ndarray:
        if self._reader is not None:
            return self._reader.latest[1 : 1 + len(self.words)]
        return self._detector.posteriors

    @property
    def pending(self) -> str:
        """What a CTC head has heard and what may still change; always empty for single words."""
        if self._reader is None:
            return ""
        if self._pending is None:
            self._pending = self._reader.pending
        return self._pending

    @property
    def level_db(self) -> float:
        """Level of the latest 10 ms against full scale."""
        return self._endpointer.level_db

    def accept(self, samples: np.ndarray) -> list[Event]:
        """Take more samples.

        Args:
            samples: (S,) or (S, C), float in [-1, 1] or integer of full range, any number.

        Returns:
            The words that have become certain, in order of time.

        Raises:
            AudioError: A wrong shape or type, NaN or infinity, or the stream was finished.
        """
        self._check_open()
        wave = mix_down(samples)
        self._num_samples += len(wave)
        return self._hear(self._resampler.accept(wave))

    def skip(self, seconds: float) -> list[Event]:
        """Pass over audio that was lost: the clock moves on, and what follows is heard afresh.

        Returns:
            The words that were still in question before the gap.

        Raises:
            AudioError: A negative time, or the stream was finished.
        """
        self._check_open()
        if not 0 <= seconds < math.inf:
            raise AudioError(f"stream: cannot skip {seconds} s; pass how much audio was lost")
        events = self._flush()
        self._num_samples += round(seconds * self.sample_rate_hz)
        # At least one frame is left out, so that the detector does not join what the gap parts.
        gap = 1 + int(1000 * seconds / self._recognizer.info.hop_ms)
        self._begin(self._next_frame + gap)
        return events

    def finish(self) -> list[Event]:
        """End the stream; return the words that were still in question."""
        self._check_open()
        self._finished = True
        return self._flush()

    def _begin(self, first_frame: int) -> None:
        """Hear from here on as from the start of a stream; frames alone are counted on."""
        info = self._recognizer.info
        self._origin = self._num_samples
        self._first_frame = self._next_frame = first_frame
        self._resampler = StreamResampler(self.sample_rate_hz, info.sample_rate_hz)
        self._network = PosteriorStream(
            self._recognizer.session, info, *window_frames(info, self._point)
        )
        self._endpointer = Endpointer(info.sample_rate_hz)

    def _check_open(self) -> None:
        if self._finished:
            raise AudioError("stream: was finished; start a new one")

    def _hear(self, wave: np.ndarray) -> list[Event]:
        """Take (S,) samples at the model's rate, up to the end of one window after the other."""
        events = []
        while len(wave):
            part = wave[: self._network.missing_samples]
            wave = wave[len(part) :]
            self._endpointer.accept(part)
            for posteriors in self._network.accept(part):
                events += self._decide(posteriors)
        return events

    def _flush(self) -> list[Event]:
        events = self._hear(self._resampler.finish())
        for posteriors in self._network.finish():
            events += self._decide(posteriors)
        if self._reader is not None:
            events += [self._spoken_event(spoken) for spoken in self._reader.flush()]
            self._pending = None
        return events

    def _decide(self, posteriors: Posteriors) -> list[Event]:
        first_frame = self._first_frame + posteriors.first_frame
        self._next_frame = first_frame + len(posteriors.frames)
        if self._reader is not None:
            found = self._reader.accept(first_frame, posteriors.frames)
            self._pending = None
            return [self._spoken_event(spoken) for spoken in found]
        track = word_track(posteriors, self._recognizer.info, self._point.source)
        return [self._event(firing) for firing in self._detector.accept(first_frame, track)]

    def _spoken_event(self, spoken: Spoken) -> Event:
        """What is read out of a sequence lies where its symbols do."""
        hop, heard = self._recognizer.info.grid.hop_samples, self._endpointer.num_samples
        start, end = (
            min((frame - self._first_frame) * hop, heard)
            for frame in (spoken.start_frame, spoken.end_frame)
        )
        start_s, end_s = self._time_s(start), self._time_s(end)
        latency_s = self._time_s(heard) + self._delay_s - end_s
        return Event(
            spoken.text, spoken.confidence, start_s, end_s, latency_s, spoken.intent, spoken.slots
        )

    def _event(self, firing: Firing) -> Event:
        info = self._recognizer.info
        hop = info.grid.hop_samples
        frame = firing.frame - self._first_frame
        heard = self._endpointer.num_samples
        here = (frame * hop, min((frame + 1) * hop, heard))
        # What makes a pooled posterior rise is what came last; a frame speaks for itself.
        moment = heard if self._point.source == "clip" else here[1]
        start, end = self._endpointer.sound_at(moment, info.clip_samples) or here
        start = max(start, end - info.clip_samples)
        start_s, end_s = (self._time_s(place) for place in (start, end))
        if self._last_end_s < end_s:  # words without a pause between them share a sound
            start_s = max(start_s, self._last_end_s)
        self._last_end_s = end_s
        latency_s = self._time_s(heard) + self._delay_s - end_s
        return Event(self.words[firing.word], firing.confidence, start_s, end_s, latency_s)

    def _time_s(self, sample: int) -> float:
        """Time of a sample at the model's rate that counts from the latest start."""
        return self._origin / self.sample_rate_hz + sample / self._recognizer.info.sample_rate_hz


def operating_point(
    info: ModelInfo,
    chunk_ms: float | None,
    look_ahead_ms: float | None,
    thresholds: Mapping[str, float] | None = None,
) -> OperatingPoint:
    """The file's or the default one, with what was asked for in its place.

    Raises:
        ConfigError: A setting is out of range, or no word of the model.
    """
    point = info.operating_point or default_operating_point(
        info.words, info.frame_head == "keyword", info.bidirectional
    )
    unknown = sorted((thresholds or {}).keys() - set(info.words))
    if unknown:
        raise ConfigError(
            f"thresholds: {unknown[0]!r} is no word of {info.path}; it knows "
            f"{', '.join(info.words)}"
        )
    try:
        return replace(
            point,
            chunk_ms=point.chunk_ms if chunk_ms is None else chunk_ms,
            look_ahead_ms=point.look_ahead_ms if look_ahead_ms is None else look_ahead_ms,
            thresholds={**point.thresholds, **(thresholds or {})},
        )
    except ValueError as fault:
        raise ConfigError(f"stream: {fault}") from None
