"""What a grammar makes of an utterance."""

from __future__ import annotations

from dataclasses import dataclass

from speechrnn.decoding.ctc.hypothesis import Hypothesis


@dataclass(frozen=True)
class Parse(Hypothesis):
    """A sentence of the grammar.

    The score is the log-probability of its best alignment from the first frame of its first word to
    the last frame of its last.

    Attributes:
        intent: What is asked for.
        slots: What was said for each slot, or its value; a list of them where the slot may be
            filled several times.
        margin: By how many nats the utterance is likelier with this sentence than with whatever
            else may have been said: silence, or any units, which pay the filler's cost. About 0
            where the sentence is what the posteriors say anyway, negative where it is less likely.
    """

    intent: str
    slots: dict[str, str | list[str]]
    margin: float


@dataclass(frozen=True)
class Rejected:
    """Speech that is no sentence of the grammar.

    Attributes:
        start_frame: First frame in which something sounded.
        end_frame: One past the last.
        nearest: The best sentence nevertheless, its margin below the threshold; None where there
            were too few frames for any.
    """

    start_frame: int
    end_frame: int
    nearest: Parse | None
