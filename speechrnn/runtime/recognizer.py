"""A recogniser: an exported model that hears clips and recordings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from speechrnn.audio import stream_audio
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.errors import AudioError
from speechrnn.runtime.finder import WordFinder
from speechrnn.runtime.model_file import open_model
from speechrnn.runtime.packaged import find_model
from speechrnn.runtime.samples import blocks_of, mono_wave
from speechrnn.runtime.sequences import Decoder, beam_decoder, read_sequence
from speechrnn.runtime.transcript import Alternative, Segment, Transcript
from speechrnn.vocabulary import NON_WORDS

BATCH_SIZE = 32
_ALTERNATIVES = 5


def load_model(model: str | Path | None = None, threads: int = 1) -> Recognizer:
    """Load an exported model.

    Args:
        model: An `.onnx` file that `speechrnn export` wrote, or the name of a model that comes with
            the package; none: the default one of these, "commands".
        threads: CPU threads that one call may use.

    Raises:
        ModelError: Missing, foreign, damaged or too new.
    """
    return Recognizer(model, threads)


class Recognizer:
    """An exported model that hears clips and recordings; threads may share one.

    Attributes:
        session: Runs the model.
        info: What the model file says about itself.
    """

    def __init__(self, model: str | Path | None = None, threads: int = 1) -> None:
        self.session, self.info = open_model(find_model(model), threads)

    def transcribe(
        self,
        source: str | Path | BinaryIO | np.ndarray,
        sample_rate: int | None = None,
        *,
        allow_truncated: bool = False,
        decoder: Decoder | GrammarDecoder | None = None,
    ) -> Transcript:
        """Hear a recording of any length, in bounded memory.

        With a CTC head it is read as a sequence of words. Without, a recording up to the model's
        clip length is classified whole. In a longer one words are
        looked for (`speechrnn.runtime.finder`) and believed from a posterior of 0.5 on. A model
        without the label `_unknown_` hears its words in any other speech, too.

        Args:
            source: (S,) or (S, C) samples, float in [-1, 1] or integer; or a path; or an open file.
            sample_rate: Rate of the samples in Hz; for an array only, and needed there.
            allow_truncated: Take what is there of a file that was cut off.
            decoder: Reads the sequences of a model with a CTC head, word by word or by a grammar;
                none: a small prefix beam.

        Raises:
            AudioError: The audio cannot be read, or is none.
        """
        rate_hz = self.info.sample_rate_hz
        if isinstance(source, np.ndarray):
            wave = mono_wave(source, sample_rate, rate_hz)
            blocks: Iterator[np.ndarray] = blocks_of(wave, rate_hz)
        else:
            if sample_rate is not None:
                raise AudioError(f"{source}: a file tells its own sample rate; leave it out")
            blocks = stream_audio(source, rate_hz, rate_hz, allow_truncated=allow_truncated)
        if self.info.reads_sequences:
            decoder = decoder or beam_decoder(self.info)
            return read_sequence(blocks, self.session, self.info, decoder)
        head = _take(blocks, self.info.clip_samples)
        if len(head) <= self.info.clip_samples:
            return self._clip_transcript(head)
        return self._long_transcript(head, blocks)

    def clip_log_probs(self, waves: Sequence[np.ndarray]) -> np.ndarray:
        """Classify clips, each taken whole.

        Args:
            waves: (S_i,) float32 each, at the model's rate.

        Returns:
            (N, V) log-probabilities of `info.labels`.
        """
        log_probs = np.empty((len(waves), len(self.info.labels)), np.float32)
        # Neighbours in length share a batch, so that little of it is padding.
        order = np.argsort([len(wave) for wave in waves], kind="stable")
        for first in range(0, len(order), BATCH_SIZE):
            batch = order[first : first + BATCH_SIZE]
            log_probs[batch] = self._run([waves[i] for i in batch])
        return log_probs

    def _run(self, waves: list[np.ndarray]) -> np.ndarray:
        grid = self.info.grid
        frames = np.array([grid.num_frames(len(wave)) for wave in waves], np.int64)
        wave_lens = np.array([grid.padded_samples(int(count)) for count in frames], np.int64)
        padded = np.zeros((len(waves), int(wave_lens.max())), np.float32)
        for row, wave in zip(padded, waves, strict=True):
            row[grid.left_samples : grid.left_samples + len(wave)] = wave
        states = {state.name: state.start(len(waves)) for state in self.info.states}
        inputs = {"wave": padded, "wave_lens": wave_lens, "commit": frames, **states}
        log_probs: np.ndarray = self.session.run(["clip_log_probs"], inputs)[0]
        return log_probs

    def _clip_transcript(self, wave: np.ndarray) -> Transcript:
        probs = np.exp(self.clip_log_probs([wave])[0])
        best = np.argsort(-probs)[:_ALTERNATIVES]
        alternatives = tuple(Alternative(self.info.labels[i], float(probs[i])) for i in best)
        word, confidence = alternatives[0].word, alternatives[0].confidence
        duration_s = len(wave) / self.info.sample_rate_hz
        heard = word not in NON_WORDS
        segments = (Segment(word, 0.0, duration_s, confidence),) if heard else ()
        return Transcript(word if heard else "", confidence, alternatives, duration_s, segments)

    def _long_transcript(self, head: np.ndarray, blocks: Iterator[np.ndarray]) -> Transcript:
        info = self.info
        finder = WordFinder(
            self.clip_log_probs, info.labels, info.sample_rate_hz, info.clip_samples
        )
        segments = finder.accept(head)
        for block in blocks:
            segments += finder.accept(block)
        segments += finder.finish()
        confidences = [segment.confidence for segment in segments]
        confidence = float(np.mean(confidences)) if segments else 1.0 - finder.doubt
        text = " ".join(segment.word for segment in segments)
        duration_s = finder.num_samples / info.sample_rate_hz
        return Transcript(text, confidence, (), duration_s, tuple(segments))


def _take(blocks: Iterator[np.ndarray], num_samples: int) -> np.ndarray:
    """The first blocks, until they hold more than `num_samples` or end."""
    taken = [np.zeros(0, np.float32)]
    count = 0
    while count <= num_samples and (block := next(blocks, None)) is not None:
        taken.append(block)
        count += len(block)
    return np.concatenate(taken)
