"""A recogniser's answers on a list of utterances."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from speechrnn.datadir import Utterance, load_wave
from speechrnn.errors import AudioError, DataError
from speechrnn.evaluation.metrics import Scores, score
from speechrnn.vocabulary import Vocabulary

_LOADED = 256  # clips in memory at a time
_NAMED = 10  # words that an error lists

Classify = Callable[[Sequence[np.ndarray]], np.ndarray]


@dataclass(frozen=True)
class Answer:
    """What was heard in one utterance.

    Attributes:
        utterance: The clip.
        truth: Its word, as a label of the recogniser.
        heard: The likeliest label.
        confidence: Posterior of `heard`.
    """

    utterance: Utterance
    truth: str
    heard: str
    confidence: float


def true_labels(utterances: Sequence[Utterance], labels: Sequence[str]) -> list[str]:
    """The label of each utterance's word; words that are none count as `_unknown_`.

    Raises:
        DataError: There are such words, but no label `_unknown_`.
    """
    vocabulary = Vocabulary(labels)
    words = {utterance.text for utterance in utterances}
    try:
        label_of = {word: labels[vocabulary.class_id(word)] for word in words}
    except DataError:
        foreign = sorted(words - set(labels))
        more = f" and {len(foreign) - _NAMED} more" if len(foreign) > _NAMED else ""
        names = ", ".join(repr(word) for word in foreign[:_NAMED])
        raise DataError(
            f"evaluation: the model does not know {names}{more}, and has no '_unknown_'; "
            "leave those utterances out or train with these words"
        ) from None
    return [label_of[utterance.text] for utterance in utterances]


def answers(
    utterances: Sequence[Utterance],
    labels: Sequence[str],
    sample_rate_hz: int,
    classify: Classify,
) -> Iterator[Answer | AudioError]:
    """Hear utterances, a bounded number at a time, in order.

    Args:
        utterances: What to hear.
        labels: The recogniser's.
        sample_rate_hz: The recogniser's.
        classify: Gives (N, V) log-probabilities of `labels` for N waves.

    Returns:
        For each utterance an answer, or why it cannot be read.

    Raises:
        DataError: A word is none of the labels, see `true_labels`.
    """
    truths = true_labels(utterances, labels)
    for first in range(0, len(utterances), _LOADED):
        part = slice(first, first + _LOADED)
        yield from _hear(utterances[part], truths[part], labels, sample_rate_hz, classify)


def score_answers(given: Sequence[Answer], labels: Sequence[str]) -> Scores:
    """Figures over answers.

    Raises:
        DataError: There are none.
    """
    return score(
        [answer.truth for answer in given],
        [answer.heard for answer in given],
        [answer.utterance.speaker for answer in given],
        labels,
    )


def _hear(
    utterances: Sequence[Utterance],
    truths: Sequence[str],
    labels: Sequence[str],
    sample_rate_hz: int,
    classify: Classify,
) -> Iterator[Answer | AudioError]:
    waves: list[np.ndarray | AudioError] = []
    for utterance in utterances:
        try:
            waves.append(load_wave(utterance, sample_rate_hz))
        except AudioError as fault:
            waves.append(fault)
    readable = [wave for wave in waves if not isinstance(wave, AudioError)]
    rows = iter(classify(readable)) if readable else iter(())
    for utterance, truth, wave in zip(utterances, truths, waves, strict=True):
        if isinstance(wave, AudioError):
            yield wave
            continue
        log_probs = next(rows)
        best = int(log_probs.argmax())
        yield Answer(utterance, truth, labels[best], float(np.exp(log_probs[best])))
