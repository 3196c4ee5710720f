"""A word, or a sentence of a grammar, in frames of a stream."""

from __future__ import annotations

import math
from dataclasses import dataclass

from speechrnn.decoding.confidence import ConfidenceMap
from speechrnn.decoding.ctc.hypothesis import Word
from speechrnn.decoding.grammar.result import Parse

Slots = dict[str, str | list[str]]


@dataclass(frozen=True)
class Spoken:
    """What was said.

    Attributes:
        text: A word, or the words of a sentence.
        start_frame: First frame.
        end_frame: One past the last.
        confidence: Of a word, with a calibrated model, how likely it is right; of a sentence, how
            likely all its words are, mistakes taken for independent. Otherwise the geometric mean,
            over the frames of the word or sentence, of the posterior of what is aligned with each.
        intent: What the sentence asks for; none for a word.
        slots: What fills the sentence's slots; none for a word.
    """

    text: str
    start_frame: int
    end_frame: int
    confidence: float
    intent: str | None = None
    slots: Slots | None = None


def spoken_word(word: Word, origin: int, confidence_map: ConfidenceMap | None) -> Spoken:
    """A word whose frames count from frame `origin` of the stream."""
    confidence = confidence_map.apply(word.confidence) if confidence_map else word.confidence
    return Spoken(word.text, origin + word.start_frame, origin + word.end_frame, confidence)


def spoken_sentence(parse: Parse, origin: int, confidence_map: ConfidenceMap | None) -> Spoken:
    """A sentence whose frames count from frame `origin` of the stream."""
    start, end = parse.words[0].start_frame, parse.words[-1].end_frame
    if confidence_map is None:
        confidence = math.exp(min(0.0, parse.score / (end - start)))
    else:
        confidence = math.prod(confidence_map.apply(word.confidence) for word in parse.words)
    return Spoken(parse.text, origin + start, origin + end, confidence, parse.intent, parse.slots)
