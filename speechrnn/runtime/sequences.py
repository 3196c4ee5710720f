"""Sequences of words out of a CTC head's posteriors, in whole recordings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime as ort

from speechrnn.decoding.ctc.beam import BeamDecoder
from speechrnn.decoding.ctc.hypothesis import Hypothesis, Word
from speechrnn.decoding.ctc.language import LanguageModel
from speechrnn.decoding.ctc.lexicon import Lexicon, lexicon_of
from speechrnn.decoding.grammar.compiled import compile_grammar
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.decoding.grammar.parser import read_grammar
from speechrnn.decoding.grammar.result import Parse, Rejected
from speechrnn.runtime.model_file import ModelInfo
from speechrnn.runtime.posteriors import PosteriorStream
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


def grammar_decoder(info: ModelInfo, path: str | Path) -> GrammarDecoder:
    """A decoder of a grammar over a model's symbols.

    Where the model was calibrated with the grammar, it accepts as was found there.

    Args:
        info: What the model file says about itself.
        path: The grammar's file.

    Raises:
        DataError: It cannot be read, is no grammar, or has words that the model does not know.
    """
    grammar = compile_grammar(read_grammar(path), info.symbols, model_lexicon(info))
    acceptance = info.acceptances.get(grammar.digest)
    if acceptance is None:
        return GrammarDecoder(grammar)
    return GrammarDecoder(grammar, threshold=acceptance.threshold)


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
    num_samples = 0

    def counted() -> Iterator[np.ndarray]:
        nonlocal num_samples
        for block in blocks:
            num_samples += len(block)
            yield block

    found = decode(log_posteriors(counted(), session, info), decoder)
    duration_s = num_samples / info.sample_rate_hz
    if isinstance(decoder, GrammarDecoder):
        return _sentences([its for its in found if isinstance(its, Parse)], info, duration_s)
    return _words([its for its in found if isinstance(its, Hypothesis)], info, duration_s)


def log_posteriors(
    blocks: Iterable[np.ndarray], session: ort.InferenceSession, info: ModelInfo
) -> Iterator[np.ndarray]:
    """Run a model over a recording of any length, in windows of ten seconds.

    Args:
        blocks: As for `read_sequence`.
        session: As there.
        info: As there.

    Returns:
        (T, V) natural log-posteriors of the model's symbols, piece by piece.
    """
    frames_per_s = 1000 / info.hop_ms
    network = PosteriorStream(
        session, info, round(_WINDOW_S * frames_per_s), round(_LOOK_AHEAD_S * frames_per_s)
    )
    for block in blocks:
        yield from (posteriors.frames for posteriors in network.accept(block))
    yield from (posteriors.frames for posteriors in network.finish())


def decode(
    frames: Iterable[np.ndarray], decoder: Decoder | GrammarDecoder
) -> list[Hypothesis | Rejected]:
    """What a decoder finds in a recording.

    Args:
        frames: (T, V) each, see `log_posteriors`.
        decoder: At its beginning; it is left there.

    Returns:
        The n-best list, or with a grammar, in order of time, sentences and speech that is none.
    """
    found: list[Hypothesis | Rejected] = []
    for log_probs in frames:
        found.extend(decoder.accept(log_probs) or ())
    return [*found, *decoder.finish()]


def _words(found: Sequence[Hypothesis], info: ModelInfo, duration_s: float) -> Transcript:
    shares = np.exp(np.array([hypothesis.score for hypothesis in found]) - found[0].score)
    shares /= shares.sum()
    alternatives = tuple(
        Alternative(hypothesis.text, float(share))
        for hypothesis, share in zip(found[:_ALTERNATIVES], shares, strict=False)
    )
    segments = tuple(
        _segment(spoken_word(word, 0, info.confidence_map), info, duration_s)
        for word in found[0].words
    )
    confidence = alternatives[0].confidence
    if info.confidence_map and segments:
        confidence = float(np.mean([segment.confidence for segment in segments]))
    return Transcript(found[0].text, confidence, alternatives, duration_s, segments)


def _sentences(found: Sequence[Parse], info: ModelInfo, duration_s: float) -> Transcript:
    segments = tuple(
        _segment(spoken_sentence(parse, 0, info.confidence_map), info, duration_s)
        for parse in found
    )
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
