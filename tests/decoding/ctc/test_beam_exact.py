"""Beam search against what it stands for: the sum over all paths, or a textbook's search."""

from __future__ import annotations

import itertools
import math
import random
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.decoding.ctc.beam import BeamDecoder
from speechrnn.decoding.ctc.hypothesis import Hypothesis
from speechrnn.decoding.ctc.lexicon import Lexicon
from speechrnn.vocabulary import BLANK

WORDS = (BLANK, "no", "yes")
LETTERS = (BLANK, " ", "a", "b")
EXACT = {"width": 10_000, "threshold": math.inf}


class Bigrams:
    """A language model that remembers one word; deliberately no distribution."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def log_prob(self, before: str, word: str) -> float:
        return math.log(random.Random(f"{self._seed} {before} {word}").uniform(0.01, 1))

    def start(self) -> str:
        return "<s>"

    def step(self, state: str, word: str) -> tuple[float, str]:
        return self.log_prob(state, word), word

    def finish(self, state: str) -> float:
        return self.log_prob(state, "</s>")

    def score(self, words: list[str], weight: float, bonus: float) -> float:
        pairs = itertools.pairwise(["<s>", *words, "</s>"])
        return weight * sum(self.log_prob(*pair) for pair in pairs) + bonus * len(words)


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


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 5),
    st.sampled_from([0.0, 0.7, 2.0]),
    st.sampled_from([-1.0, 0.0, 1.5]),
)
def test_with_a_language_model_equals_the_enumeration(
    seed: int, frames: int, weight: float, bonus: float
) -> None:
    log_probs = random_log_probs(seed, frames, 3)
    language = Bigrams(seed)
    decoder = BeamDecoder(
        WORDS, **EXACT, language=language, language_weight=weight, word_bonus=bonus
    )
    decoder.accept(log_probs)
    expected = {}
    for units, score in enumerated(log_probs).items():
        words = [WORDS[unit] for unit in units]
        expected[" ".join(words)] = score + language.score(words, weight, bonus)
    assert_same(decoder.finish(), expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 5), st.booleans())
def test_letters_make_words_between_separators(seed: int, frames: int, fused: bool) -> None:
    log_probs = random_log_probs(seed, frames, 4)
    language = Bigrams(seed) if fused else None
    decoder = BeamDecoder(
        LETTERS, **EXACT, language=language, language_weight=0.5, word_bonus=0.3 * fused
    )
    decoder.accept(log_probs)
    scored = []
    for units, score in enumerated(log_probs).items():
        words = "".join(LETTERS[unit] for unit in units).split()
        scored.append(
            (" ".join(words), score + (language.score(words, 0.5, 0.3) if language else 0))
        )
    assert_same(decoder.finish(), by_text(scored))


def spellings(words: list[str], lexicon: dict[str, list[str]]) -> Iterable[str]:
    for choice in itertools.product(*(lexicon[word] for word in words)):
        yield "".join(choice)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.booleans())
def test_only_words_of_the_lexicon_come_out_of_phones(seed: int, frames: int, fused: bool) -> None:
    """With words that begin alike, sound alike, have two pronunciations, or end one another."""
    symbols = (BLANK, "a", "b", "c")
    ways = {"ab": ["ab"], "abc": ["abc"], "see": ["c"], "sea": ["c"], "or": ["ba", "bb"]}
    lexicon = Lexicon({w: [tuple(map(symbols.index, way)) for way in ways[w]] for w in ways})
    log_probs = random_log_probs(seed, frames, 4)
    language = Bigrams(seed) if fused else None
    decoder = BeamDecoder(symbols, **EXACT, lexicon=lexicon, language=language, word_bonus=0.1)
    decoder.accept(log_probs)
    totals = enumerated(log_probs)
    scored = []
    for count in range(frames + 1):
        for words in map(list, itertools.product(ways, repeat=count)):
            extra = language.score(words, 1.0, 0.1) if language else 0.1 * count
            for spelt in spellings(words, ways):
                units = tuple(map(symbols.index, spelt))
                if units in totals:
                    scored.append((" ".join(words), totals[units] + extra))
    assert_same(decoder.finish(), by_text(scored))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_only_words_of_the_lexicon_come_out_of_letters(seed: int, frames: int) -> None:
    words = ("a", "ab", "bb")
    log_probs = random_log_probs(seed, frames, 4)
    decoder = BeamDecoder(LETTERS, **EXACT, lexicon=Lexicon.of_words(words, LETTERS))
    decoder.accept(log_probs)
    texts = (
        ("".join(LETTERS[unit] for unit in units).split(), score)
        for units, score in enumerated(log_probs).items()
    )
    assert_same(
        decoder.finish(),
        by_text((" ".join(text), score) for text, score in texts if set(text) <= set(words)),
    )


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 60), max_size=8),
    st.booleans(),
    st.integers(1, 60),
)
def test_pieces_do_not_matter_and_what_is_committed_stays(
    seed: int, cuts: list[int], letters: bool, horizon: int | None
) -> None:
    symbols = LETTERS if letters else WORDS
    log_probs = random_log_probs(seed, 40, len(symbols), spread=4)
    whole, pieces = (
        BeamDecoder(
            symbols,
            width=6,
            threshold=8,
            horizon_frames=horizon,
            language=Bigrams(seed),
            language_weight=0.2,
        )
        for _ in range(2)
    )
    committed: list[object] = []
    for piece in np.split(log_probs, sorted(cuts)):
        pieces.accept(piece)
        assert pieces.committed[: len(committed)] == committed
        committed = list(pieces.committed)
        assert list(pieces.best().words[: len(committed)]) == committed
        for earlier, later in itertools.pairwise(pieces.best().words):
            assert earlier.start_frame < earlier.end_frame <= later.start_frame
    whole.accept(log_probs)
    assert pieces.best() == whole.best()
    assert pieces.committed == whole.committed
    found = pieces.finish()
    assert found == whole.finish()
    assert all(list(h.words[: len(committed)]) == committed for h in found)


def textbook(log_probs: np.ndarray, width: int) -> dict[tuple[int, ...], float]:
    """Prefix beam search as Hannun et al. write it down, with sums in place of products."""
    beam = {(): (0.0, -math.inf)}
    for row in log_probs.astype(float):
        after: dict[tuple[int, ...], list[float]] = defaultdict(lambda: [-math.inf, -math.inf])
        for prefix, (blank, sound) in beam.items():
            total = np.logaddexp(blank, sound)
            ways = [(prefix, 0, total + row[0])]
            if prefix:
                ways.append((prefix, 1, sound + row[prefix[-1]]))
            for unit in range(1, len(row)):
                before = blank if prefix and unit == prefix[-1] else total
                ways.append(((*prefix, unit), 1, before + row[unit]))
            for longer, kind, score in ways:
                after[longer][kind] = np.logaddexp(after[longer][kind], score)
        best = sorted(after, key=lambda prefix: -np.logaddexp(*after[prefix]))[:width]
        beam = {prefix: (after[prefix][0], after[prefix][1]) for prefix in best}
    return {prefix: float(np.logaddexp(*sums)) for prefix, sums in beam.items()}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.sampled_from([1, 3, 6]))
def test_a_narrow_beam_equals_the_textbook(seed: int, width: int, spread: float) -> None:
    log_probs = random_log_probs(seed, 25, 4, spread=spread)
    decoder = BeamDecoder((*WORDS, "go"), width=width, threshold=math.inf)
    decoder.accept(log_probs)
    expected = textbook(log_probs, width)
    names = {
        " ".join((*WORDS, "go")[unit] for unit in units): score for units, score in expected.items()
    }
    assert_same(decoder.finish(), names)
