"""How well a language model foretells a text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from speechrnn.decoding.ctc.language import LanguageModel


@dataclass(frozen=True)
class TextScore:
    """Of one sentence or of many.

    Attributes:
        log_prob: Natural log-probability, the ends of the sentences included.
        words: How many there are.
        sentences: How many there are.
    """

    log_prob: float
    words: int
    sentences: int

    @property
    def perplexity(self) -> float:
        """Among so many equally likely words the model might as well choose; an end is a word."""
        mean = -self.log_prob / (self.words + self.sentences)
        return math.exp(mean) if mean < 700 else math.inf


def score_sentence(model: LanguageModel, words: Sequence[str]) -> TextScore:
    """Score a sentence, word by word, whatever the model's tokens are."""
    total, state = 0.0, model.start()
    for word in words:
        log_prob, state = model.step(state, word)
        total += log_prob
    return TextScore(total + model.finish(state), len(words), 1)


def total_score(scores: Sequence[TextScore]) -> TextScore:
    """All sentences together, at least one."""
    return TextScore(
        math.fsum(score.log_prob for score in scores),
        sum(score.words for score in scores),
        sum(score.sentences for score in scores),
    )
