"""Finding from which margin on the sentences of a grammar count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

from speechrnn.decoding.acceptance import Acceptance
from speechrnn.decoding.grammar.compiled import CompiledGrammar
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.errors import DataError
from speechrnn.evaluation.sequences.grammar import GrammarScores, score_grammar, understandings
from speechrnn.evaluation.sequences.hearing import SequenceHearing
from speechrnn.evaluation.sequences.rejection import RejectionCurve
from speechrnn.evaluation.sequences.trial import read_hearing

LOST = 0.01  # share of the sentences that may be rejected
_STEP = 2.0**-10  # nats


def calibrate_grammar(
    hearings: Sequence[SequenceHearing], grammar: CompiledGrammar, name: str, on: date
) -> tuple[Acceptance, GrammarScores]:
    """Find the highest threshold that loses 1% of the sentences, or as few as can be.

    The threshold is one of the margins that are found with the default one. Where utterances end
    depends a little on it, so they are read anew with what was found.

    Args:
        hearings: Sentences of the grammar, and other speech.
        grammar: Tells them apart by their texts.
        name: Of the grammar, for the facts.
        on: Day, for the facts.

    Returns:
        acceptance: The threshold.
        scores: What it does on the very same utterances.

    Raises:
        DataError: One of the two kinds of speech is missing, or no sentence was found at all.
    """
    readings = [read_hearing(hearing, GrammarDecoder(grammar)) for hearing in hearings]
    curve = RejectionCurve(understandings(readings, grammar))
    fewest = float(curve.lost.min(initial=1.0))
    point = curve.at_lost(max(LOST, fewest))
    if point is None or fewest == 1:
        raise DataError(
            "calibration: none of the sentences of the grammar was found where it was said; "
            "does the model know its words?"
        )
    # Rounded down: a sentence with this very margin must not be lost by a rounding error.
    threshold = math.floor(point.threshold / _STEP) * _STEP
    decoder = GrammarDecoder(grammar, threshold=threshold)
    again = [read_hearing(hearing, decoder) for hearing in hearings]
    scores = score_grammar(again, grammar, threshold, calibrated=True)
    facts: dict[str, Any] = {"name": name, "date": on.isoformat()}
    if scores.rejection is not None:
        its = scores.rejection.point
        facts |= {"lost": its.lost.as_dict(), "accepted": its.accepted.as_dict()}
        facts |= {"accepted_per_hour": scores.rejection.alarms.as_dict()}
    return Acceptance(threshold, facts), scores
