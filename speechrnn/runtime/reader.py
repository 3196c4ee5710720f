"""Sequences in a stream: words as soon as they are certain, and an end at every pause."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from speechrnn.decoding.confidence import ConfidenceMap
from speechrnn.decoding.ctc.hypothesis import Word
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.decoding.grammar.result import Parse, Rejected
from speechrnn.runtime.model_file import ModelInfo
from speechrnn.runtime.sequences import Decoder
from speechrnn.runtime.spoken import Spoken, spoken_sentence, spoken_word

_PAUSE_MS = 600.0  # of blanks: what was said is over
_BLANK = 0
_LIKELIEST = math.log(0.5)  # likelier than all else together


class WordReader:
    """Reads the frames of a stream without end with a decoder of utterances.

    What comes out does not depend on how the frames are cut.

    Attributes:
        latest: (V,) posteriors of the latest frame.
    """

    def __init__(
        self,
        decoder: Decoder,
        num_symbols: int,
        frame_ms: float,
        confidence_map: ConfidenceMap | None = None,
    ) -> None:
        """Start before the first frame.

        Args:
            decoder: At its beginning.
            num_symbols: V, the blank included.
            frame_ms: Time between frames.
            confidence_map: Makes confidences probabilities.
        """
        self.latest = np.zeros(num_symbols, np.float32)
        self._decoder = decoder
        self._confidence_map = confidence_map
        self._pause = max(1, round(_PAUSE_MS / frame_ms))
        self._quiet = 0  # blank frames up to now
        self._origin = 0  # frame of the stream at which the utterance began
        self._next = 0
        self._given = 0  # words of the utterance that came out

    @property
    def pending(self) -> str:
        """What has been heard and may still change."""
        words = self._decoder.best().words[self._given :]
        return " ".join(word.text for word in words)

    def accept(self, first_frame: int, log_probs: np.ndarray) -> list[Spoken]:
        """Take more frames.

        Args:
            first_frame: Number of the first; beyond the next one where frames were lost.
            log_probs: (T, V) natural log-posteriors.

        Returns:
            The words that cannot change any more; their frames count from the stream's beginning.
        """
        words: list[Spoken] = []
        if first_frame > self._next:
            words += self.flush()
            self._next = self._origin = first_frame
        done = 0
        for place, quiet in enumerate((log_probs[:, _BLANK] > _LIKELIEST).tolist(), 1):
            self._quiet = self._quiet + 1 if quiet else 0
            if self._quiet == self._pause:
                words += self._take(log_probs[done:place]) + self.flush()
                done = place
        words += self._take(log_probs[done:])
        self.latest = np.exp(log_probs[-1])
        return words

    def flush(self) -> list[Spoken]:
        """End the utterance; return the words of it that have not come out."""
        words = self._new(self._decoder.finish()[0].words)
        self._origin, self._given = self._next, 0
        return words

    def _take(self, log_probs: np.ndarray) -> list[Spoken]:
        if not len(log_probs):
            return []
        self._decoder.accept(log_probs)
        self._next += len(log_probs)
        return self._new(self._decoder.committed)

    def _new(self, words: Sequence[Word]) -> list[Spoken]:
        """Those of an utterance's words that have not come out, in frames of the stream."""
        new = words[self._given :]
        self._given += len(new)
        return [spoken_word(word, self._origin, self._confidence_map) for word in new]


class SentenceReader:
    """Reads the frames of a stream with a grammar; other speech is passed over.

    Attributes:
        latest: (V,) posteriors of the latest frame.
    """

    def __init__(
        self,
        decoder: GrammarDecoder,
        num_symbols: int,
        confidence_map: ConfidenceMap | None = None,
    ) -> None:
        """Start before the first frame.

        Args:
            decoder: At its beginning.
            num_symbols: V, the blank included.
            confidence_map: Makes confidences probabilities.
        """
        self.latest = np.zeros(num_symbols, np.float32)
        self._decoder = decoder
        self._confidence_map = confidence_map
        self._origin = 0  # frame of the stream at which the decoder began
        self._next = 0

    @property
    def pending(self) -> str:
        """What looks like the beginning of a sentence and may still change."""
        return self._decoder.best().text

    def accept(self, first_frame: int, log_probs: np.ndarray) -> list[Spoken]:
        """Take more frames, as `WordReader.accept` does; return the sentences that ended."""
        found: list[Spoken] = []
        if first_frame > self._next:
            found += self.flush()
            self._origin = first_frame
        found += self._sentences(self._decoder.accept(log_probs))
        self._next = first_frame + len(log_probs)
        self.latest = np.exp(log_probs[-1])
        return found

    def flush(self) -> list[Spoken]:
        """End the utterance; return its sentence, if it is one."""
        found = self._sentences(self._decoder.finish())
        self._origin = self._next
        return found

    def _sentences(self, found: Sequence[Parse | Rejected]) -> list[Spoken]:
        return [
            spoken_sentence(parse, self._origin, self._confidence_map)
            for parse in found
            if isinstance(parse, Parse)
        ]


def make_reader(decoder: Decoder | GrammarDecoder, info: ModelInfo) -> WordReader | SentenceReader:
    """What reads the frames of a model's stream with a decoder."""
    if isinstance(decoder, GrammarDecoder):
        return SentenceReader(decoder, len(info.symbols), info.confidence_map)
    return WordReader(decoder, len(info.symbols), info.hop_ms, info.confidence_map)
