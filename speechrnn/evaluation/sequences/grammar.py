"""How the sentences of a grammar were understood, and other speech rejected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from speechrnn.decoding.grammar.compiled import CompiledGrammar
from speechrnn.evaluation.alarms import AlarmRate
from speechrnn.evaluation.sequences.alignment import spoken_words
from speechrnn.evaluation.sequences.intents import (
    IntentScores,
    Understanding,
    score_intents,
    understanding,
)
from speechrnn.evaluation.sequences.rejection import RejectionCurve, RejectionPoint
from speechrnn.evaluation.sequences.trial import Reading


@dataclass(frozen=True)
class RejectionScores:
    """What a threshold costs and what it buys.

    Attributes:
        curve: Of all thresholds, from the margins that were found at one of them.
        point: At that one.
        alarms: Stretches of other speech accepted there, over all time that had no sentence.
    """

    curve: RejectionCurve
    point: RejectionPoint
    alarms: AlarmRate

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "at_threshold": self.point.as_dict(),
            "accepted_per_hour": self.alarms.as_dict(),
            **self.curve.as_dict(),
        }


@dataclass(frozen=True)
class GrammarScores:
    """Figures of a grammar.

    Attributes:
        threshold: The least margin of a sentence.
        calibrated: Whether the model file has it for this grammar.
        intents: None where no sentence of the grammar was said.
        rejection: None without sentences, or without other speech.
    """

    threshold: float
    calibrated: bool
    intents: IntentScores | None
    rejection: RejectionScores | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "threshold": self.threshold,
            "calibrated": self.calibrated,
            "intents": self.intents.as_dict() if self.intents else None,
            "rejection": self.rejection.as_dict() if self.rejection else None,
        }


def understandings(readings: Sequence[Reading], grammar: CompiledGrammar) -> list[Understanding]:
    """What was meant, by an utterance's text, and what was understood.

    Of an utterance that is no sentence of the grammar every stretch between pauses counts for
    itself, so that it does not matter how recordings are cut; one in which nothing was found counts
    once.
    """
    found = []
    for reading in readings:
        speaker = reading.utterance.speaker
        meant = grammar.interpret(spoken_words(reading.utterance.text))
        if meant is None and reading.stretches:
            found += [understanding(speaker, None, [its]) for its in reading.stretches]
        else:
            found.append(understanding(speaker, meant, reading.stretches))
    return found


def score_grammar(
    readings: Sequence[Reading], grammar: CompiledGrammar, threshold: float, calibrated: bool
) -> GrammarScores:
    """Score what was read with a grammar.

    Args:
        readings: Sentences of the grammar, and other speech.
        grammar: Tells them apart by their texts.
        threshold: With which they were read.
        calibrated: Whether the model file has it for this grammar.
    """
    found = understandings(readings, grammar)
    inside = [its for its in found if its.meant is not None]
    if not inside:
        return GrammarScores(threshold, calibrated, None, None)
    rejection = None
    if len(inside) < len(found):
        curve = RejectionCurve(found)
        point = curve.at_threshold(threshold)
        hours = sum(
            reading.duration_s
            for reading in readings
            if grammar.interpret(spoken_words(reading.utterance.text)) is None
        )
        rejection = RejectionScores(curve, point, AlarmRate(point.accepted.hits, hours / 3600))
    return GrammarScores(threshold, calibrated, score_intents(inside), rejection)
