"""Sequences of words out of a CTC head's posteriors, in whole recordings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
import onnxruntime as ort

from speechrnn.decoding.ctc.beam import BeamDecoder
from speechrnn.decoding.ctc.hypothesis import Hypothesis, Word
from speechrnn.decoding.ctc.language import LanguageModel
from speechrnn.decoding.ctc.lexicon import Lexicon, lexicon_of
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.decoding.grammar.result import Parse, Rejected
from speechrnn.runtime.model_file import ModelInfo
from speechrnn.runtime.posteriors import Posteriors, PosteriorStream
from speechrnn.runtime.spoken import Spoken, spoken_sentence, spoken_word
from speechrnn.runtime.transcript import Alternative, Segment, Transcript

_WINDOW_S = 10.0  # heard at a time: the backward direction of a shorter recording sees all of it
_LOOK_AHEAD_S = 1.0
_ALTERNATIVES = 5
_HORIZON_MS = 2000.0


class Decoder(Protocol):
    """Reads frames of natural log-posteriors of a model's symbols.

    Attributes:
        committed: The words that cannot change any more.
    """

    committed: list[Word]

    def accept(self, log_probs: np.ndarray) -> None:
        """Take (T, V) more frames."""
        ...

    def best(self) -> Hypothesis:
        """The likeliest words so far."""
        ...

    def finish(self) -> list[Hypothesis]:
        """The n-best list, the likeliest first; then everything begins anew."""
        ...


def beam_decoder(
    info: ModelInfo,
    *,
    width: int = 8,
    language: LanguageModel | None = None,
    language_weight: float = 1.0,
    word_bonus: float = 0.0,
    live: bool = False,
) -> BeamDecoder:
    """A prefix beam over a model's symbols.

    Args:
        info: What the model file says about itself.
        width: Prefixes that are kept.
        language: Joins in where words end.
        language_weight: What its log-probabilities are multiplied by.
        word_bonus: Added for every word, in nats; makes up for what a language model takes.
        live: Settle what was said two seconds ago, so that it comes out.

    Raises:
        ConfigError: A number is out of range.
        DataError: The model's lexicon has symbols that the model does not have.
    """
    horizon = round(_HORIZON_MS / info.hop_ms) if live else None
    return BeamDecoder(
        info.symbols,
        width=width,
        lexicon=model_lexicon(info),
        language=language,
        language_weight=language_weight,
        word_bonus=word_bonus,
        horizon_frames=horizon,
    )


def model_lexicon(info: ModelInfo) -> Lexicon | None:
    """How the model's words are made of its symbols; none where that needs no list.

    Raises:
        DataError: A word of symbols that the model does not have.
    """
    return lexicon_of(info.lexicon, info.symbols, str(info.path)) if info.lexicon else None


def read_sequence(
    blocks: Iterable[np.ndarray],
    session: ort.InferenceSession,
    info: ModelInfo,
    decoder: Decoder | GrammarDecoder,
) -> Transcript:
    """Read a recording of any length, in bounded memory but for its words.

    Args:
        blocks: (S,) float32 each, at the model's rate.
        session: Runs the model.
        info: What the model file says about itself.
        decoder: At its beginning; it is left there.
    """
    found, num_samples = decode(blocks, session, info, decoder)
    duration_s = num_samples / info.sample_rate_hz
    if isinstance(decoder, GrammarDecoder):
        parses = [parse for parse in found if isinstance(parse, Parse)]
        return _sentences(parses, info, duration_s)
    return _words(found, info, duration_s)


def decode(
    blocks: Iterable[np.ndarray],
    session: ort.InferenceSession,
    info: ModelInfo,
    decoder: Decoder | GrammarDecoder,
) -> tuple[list[Hypothesis], int]:
    """What a decoder finds in a recording, and the recording's samples.

    Args:
        blocks: As for `read_sequence`.
        session: As there.
        info: As there.
        decoder: As there.

    Returns:
        The n-best list, or with a grammar the accepted sentences in order of time.
    """
    frames_per_s = 1000 / info.hop_ms
    network = PosteriorStream(
        session, info, round(_WINDOW_S * frames_per_s), round(_LOOK_AHEAD_S * frames_per_s)
    )
    num_samples = 0
    utterances: list[Parse | Rejected] = []

    def take(found: Iterable[Posteriors]) -> None:
        for posteriors in found:
            utterances.extend(decoder.accept(posteriors.frames) or ())

    for block in blocks:
        num_samples += len(block)
        take(network.accept(block))
    take(network.finish())
    ended = [*utterances, *decoder.finish()]
    return [found for found in ended if isinstance(found, Hypothesis)], num_samples


def _words(found: Sequence[Hypothesis], info: ModelInfo, duration_s: float) -> Transcript:
    shares = np.exp(np.array([hypothesis.score for hypothesis in found]) - found[0].score)
    shares /= shares.sum()
    alternatives = tuple(
        Alternative(hypothesis.text, float(share))
        for hypothesis, share in zip(found[:_ALTERNATIVES], shares, strict=False)
    )
    segments = tuple(_segment(spoken_word(word, 0), info, duration_s) for word in found[0].words)
    confidence = alternatives[0].confidence
    return Transcript(found[0].text, confidence, alternatives, duration_s, segments)


def _sentences(found: Sequence[Parse], info: ModelInfo, duration_s: float) -> Transcript:
    segments = tuple(_segment(spoken_sentence(parse, 0), info, duration_s) for parse in found)
    text = " ".join(segment.word for segment in segments)
    confidences = [segment.confidence for segment in segments]
    confidence = float(np.mean(confidences)) if confidences else 1.0
    return Transcript(text, confidence, (), duration_s, segments)


def _segment(spoken: Spoken, info: ModelInfo, duration_s: float) -> Segment:
    hop_s = info.hop_ms / 1000
    return Segment(
        spoken.text,
        spoken.start_frame * hop_s,
        min(spoken.end_frame * hop_s, duration_s),
        spoken.confidence,
        spoken.intent,
        spoken.slots,
    )
