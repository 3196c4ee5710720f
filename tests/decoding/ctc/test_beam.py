from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.decoding.ctc.align import align
from speechrnn.decoding.ctc.beam import BeamDecoder
from speechrnn.decoding.ctc.hypothesis import Hypothesis
from speechrnn.decoding.ctc.lexicon import Lexicon
from speechrnn.errors import ConfigError
from speechrnn.vocabulary import BLANK

WORDS = (BLANK, "no", "yes")
LETTERS = (BLANK, " ", "a", "b")
EXACT = {"width": 10_000, "threshold": math.inf}


class Bigrams:
    """A language model that remembers one word; deliberately no distribution."""

    def __init__(self, random: np.random.Generator) -> None:
        self._log_probs: dict[tuple[str, str], float] = defaultdict(
            lambda: float(np.log(random.uniform(0.01, 1)))
        )

    def start(self) -> str:
        return "<s>"

    def step(self, state: str, word: str) -> tuple[float, str]:
        return self._log_probs[state, word], word

    def finish(self, state: str) -> float:
        return self._log_probs[state, "</s>"]

    def score(self, words: Iterable[str], weight: float, bonus: float) -> float:
        total, state = 0.0, "<s>"
        for word in words:
            total += weight * self._log_probs[state, word] + bonus
            state = word
        return total + weight * self._log_probs[state, "</s>"]


def enumerated(log_probs: np.ndarray) -> dict[tuple[int, ...], float]:
    """Log of the summed probability of each sequence of units, path by path."""
    totals: dict[tuple[int, ...], float] = defaultdict(lambda: -math.inf)
    for path in itertools.product(range(log_probs.shape[1]), repeat=len(log_probs)):
        units = tuple(unit for unit, _ in itertools.groupby(path) if unit)
        score = sum(float(row[unit]) for row, unit in zip(log_probs, path, strict=True))
        totals[units] = float(np.logaddexp(totals[units], score))
    return totals


def by_text(scores: Iterable[tuple[str, float]]) -> dict[str, float]:
    totals: dict[str, float] = defaultdict(lambda: -math.inf)
    for text, score in scores:
        totals[text] = float(np.logaddexp(totals[text], score))
    return totals


def assert_same(found: list[Hypothesis], expected: dict[str, float]) -> None:
    assert {h.text for h in found} == set(expected)
    for hypothesis in found:
        assert hypothesis.score == pytest.approx(expected[hypothesis.text], abs=1e-9)
    scores = [hypothesis.score for hypothesis in found]
    assert scores == sorted(scores, reverse=True)


def random_log_probs(seed: int, frames: int, size: int, spread: float = 2.0) -> np.ndarray:
    logits = spread * np.random.default_rng(seed).standard_normal((frames, size))
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 5), st.integers(2, 3))
def test_equals_the_enumeration_of_all_paths(seed: int, frames: int, size: int) -> None:
    log_probs = random_log_probs(seed, frames, size)
    decoder = BeamDecoder(WORDS[:size], **EXACT)
    decoder.accept(log_probs)
    expected = by_text(
        (" ".join(WORDS[unit] for unit in units), score)
        for units, score in enumerated(log_probs).items()
    )
    assert_same(decoder.finish(), expected)
