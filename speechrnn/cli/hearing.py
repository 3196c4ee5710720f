"""Utterances heard with a bar; those that cannot be read are named."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from speechrnn.errors import AudioError

if TYPE_CHECKING:
    from speechrnn.datadir import Utterance
    from speechrnn.evaluation.sequences.hearing import SequenceHearing
    from speechrnn.runtime.recognizer import Recognizer


def hear_each(utterances: Sequence[Utterance], recognizer: Recognizer) -> Iterator[SequenceHearing]:
    """Hear utterances one by one with a model that reads sequences."""
    return (hearing for hearing in hear_all(utterances, recognizer) if hearing)


def hear_all(
    utterances: Sequence[Utterance], recognizer: Recognizer, shown: bool = True
) -> Iterator[SequenceHearing | None]:
    """The same, with none for each that cannot be read, and a bar only if `shown`."""
    from speechrnn.cli.counting import counting
    from speechrnn.evaluation.sequences.hearing import hear_utterances

    with counting("heard", len(utterances), shown) as step:
        for hearing in hear_utterances(utterances, recognizer):
            step()
            if isinstance(hearing, AudioError):
                print(f"speechrnn: left out: {' '.join(str(hearing).split())}", file=sys.stderr)
                yield None
            else:
                yield hearing
