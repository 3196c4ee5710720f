"""Whether commands were understood: intents, slots, whole sentences."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from speechrnn.decoding.grammar.result import Parse, Rejected
from speechrnn.decoding.grammar.transducer import Meaning
from speechrnn.errors import DataError
from speechrnn.evaluation.bootstrap import Bootstrap, Ratio


@dataclass(frozen=True)
class Understanding:
    """What was made of an utterance.

    Attributes:
        speaker: Who spoke.
        meant: What was asked for; none: speech outside the grammar.
        heard: What was understood; none: rejected.
        margin: That of the best sentence, understood or not; minus infinity where there was none.
    """

    speaker: str
    meant: Meaning | None
    heard: Meaning | None
    margin: float


def understanding(
    speaker: str, meant: Meaning | None, found: Sequence[Parse | Rejected]
) -> Understanding:
    """What was made of an utterance in which a grammar's decoder found this.

    Of several sentences the one with the highest margin counts.
    """
    parses = [its for its in found if isinstance(its, Parse)]
    missed = [its.nearest for its in found if isinstance(its, Rejected) and its.nearest]
    best = max(parses, key=lambda parse: parse.margin, default=None)
    heard = Meaning(best.intent, best.slots) if best else None
    margin = max((parse.margin for parse in parses or missed), default=-math.inf)
    return Understanding(speaker, meant, heard, margin)


@dataclass(frozen=True)
class IntentScores:
    """How sentences of the grammar were understood; rejected ones count as mistakes.

    Attributes:
        intent: Share of the sentences with the right intent.
        exact: Share of those with the right intent and slots, all of them, in order, and no others.
        precision: Share of the slots heard that were right in name and value.
        recall: Share of the slots meant that were heard so.
        f1: Harmonic mean of the two.
        rejected: Share of the sentences that were rejected.
        resampled: What was drawn for the intervals, "speakers" or "utterances".
    """

    intent: Ratio
    exact: Ratio
    precision: Ratio
    recall: Ratio
    f1: Ratio
    rejected: Ratio
    resampled: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "intent_accuracy": self.intent.as_dict(),
            "exact_accuracy": self.exact.as_dict(),
            "slot_precision": self.precision.as_dict(),
            "slot_recall": self.recall.as_dict(),
            "slot_f1": self.f1.as_dict(),
            "rejected": self.rejected.as_dict(),
            "intervals_resample": self.resampled,
        }


def score_intents(understood: Sequence[Understanding]) -> IntentScores:
    """Compare what was meant with what was understood; speech outside the grammar is passed over.

    Raises:
        DataError: There is no sentence of the grammar.
    """
    pairs = [(its.meant, its.heard) for its in understood if its.meant is not None]
    if not pairs:
        raise DataError("evaluation: no sentence of the grammar among the utterances")
    speakers = [its.speaker for its in understood if its.meant is not None]
    bootstrap = Bootstrap(speakers, range(len(speakers)))
    meant = [_slots(truth) for truth, _ in pairs]
    heard = [_slots(other) for _, other in pairs]
    right = [float((a & b).total()) for a, b in zip(meant, heard, strict=True)]
    num_meant = [float(slots.total()) for slots in meant]
    num_heard = [float(slots.total()) for slots in heard]
    ones = [1.0] * len(pairs)
    same = [float(other is not None and truth.intent == other.intent) for truth, other in pairs]
    exact = [float(truth == other) for truth, other in pairs]
    return IntentScores(
        intent=bootstrap.ratio(same, ones),
        exact=bootstrap.ratio(exact, ones),
        precision=bootstrap.ratio(right, num_heard),
        recall=bootstrap.ratio(right, num_meant),
        f1=bootstrap.ratio(right, [(a + b) / 2 for a, b in zip(num_meant, num_heard, strict=True)]),
        rejected=bootstrap.ratio([float(other is None) for _, other in pairs], ones),
        resampled=bootstrap.unit,
    )


def _slots(meaning: Meaning | None) -> Counter[tuple[str, str]]:
    """Names with values; where a slot is filled several times, their order does not count."""
    slots: Counter[tuple[str, str]] = Counter()
    for name, value in meaning.slots.items() if meaning else ():
        slots.update((name, single) for single in ([value] if isinstance(value, str) else value))
    return slots
