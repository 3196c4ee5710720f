"""Beam search: what it decides when, where words lie, what it forgets and refuses."""

from __future__ import annotations

import math

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


def random_log_probs(seed: int, frames: int, size: int, spread: float = 2.0) -> np.ndarray:
    logits = spread * np.random.default_rng(seed).standard_normal((frames, size))
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def certain(path: list[int]) -> np.ndarray:
    return np.log(np.where(np.eye(3, dtype=bool)[path], 1 - 2e-6, 1e-6))


def test_a_word_that_is_broken_off_is_left_out_where_nothing_else_is_possible() -> None:
    symbols = (BLANK, "a", "b")
    decoder = BeamDecoder(symbols, width=1, lexicon=Lexicon({"ab": [(1, 2)]}))
    decoder.accept(np.log([[0.01, 0.98, 0.01], [0.01, 0.01, 0.98], [0.01, 0.98, 0.01]]))
    assert decoder.finish()[0].text == "ab"


def test_words_are_committed_while_the_stream_goes_on() -> None:
    decoder = BeamDecoder(WORDS)
    sure = certain([1, 0, 0, 0])
    decoder.accept(sure[:1])
    assert decoder.best().text == "no" and decoder.committed == []  # it may last longer
    decoder.accept(sure[1:])
    (word,) = decoder.committed
    assert (word.text, word.start_frame, word.end_frame) == ("no", 0, 1)
    assert word.confidence == pytest.approx(1.0, abs=1e-5)


def test_an_old_ambiguity_is_decided_at_the_horizon() -> None:
    log_probs = certain([0, 1, 0, 2, 0] * 40)
    log_probs[1] = np.log([0.02, 0.48, 0.5])
    patient, decided = (BeamDecoder(WORDS, horizon_frames=frames) for frames in (None, 50))
    for decoder in (patient, decided):
        decoder.accept(log_probs)
    assert patient.committed == []
    assert len(decided.committed) == 80
    assert decided.best().words == patient.best().words
    assert [h.text[:6] for h in patient.finish()] == ["yes ye", "no yes", "yes no"]
    assert len(decided.finish()) == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_words_lie_where_forced_alignment_puts_them(seed: int, frames: int) -> None:
    log_probs = random_log_probs(seed, frames, 3)
    decoder = BeamDecoder(WORDS, width=500, threshold=math.inf)
    decoder.accept(log_probs)
    for hypothesis in decoder.finish()[:5]:
        units = [WORDS.index(word.text) for word in hypothesis.words]
        segments, _ = align(log_probs, units)
        for word, segment in zip(hypothesis.words, segments, strict=True):
            assert (word.start_frame, word.end_frame) == (segment.start_frame, segment.end_frame)
            own = log_probs[segment.start_frame : segment.end_frame, segment.unit]
            assert word.confidence == pytest.approx(math.exp(own.mean()), rel=1e-5)


def test_the_threshold_takes_little_from_the_score_and_adds_nothing() -> None:
    for seed in range(20):
        log_probs = random_log_probs(seed, 30, 3, spread=5)
        every, most = BeamDecoder(WORDS, threshold=math.inf), BeamDecoder(WORDS)
        for decoder in (every, most):
            decoder.accept(log_probs)
        best, close = every.finish()[0], most.finish()[0]
        assert close.text == best.text
        assert best.score - 0.01 < close.score <= best.score + 1e-9


def test_the_beam_is_no_wider_than_asked() -> None:
    decoder = BeamDecoder(WORDS, width=3, threshold=math.inf)
    decoder.accept(random_log_probs(0, 20, 3))
    assert len(decoder.finish()) == 3


def test_the_sum_wins_over_the_best_path() -> None:
    """The best path is empty, but "no" lies on more paths."""
    log_probs = np.log(np.float32([[0.6, 0.4], [0.6, 0.4]]))
    decoder = BeamDecoder(WORDS[:2])
    decoder.accept(log_probs)
    best = decoder.finish()[0]
    assert best.text == "no"
    assert best.score == pytest.approx(math.log(0.64))


def test_a_language_model_turns_the_scale() -> None:
    class Yes:
        def start(self) -> str:
            return "<s>"

        def finish(self, state: str) -> float:
            return 0.0

        def step(self, state: str, word: str) -> tuple[float, str]:
            return math.log(0.9 if word == "yes" else 0.1), word

    log_probs = np.log(np.float32([[0.1, 0.5, 0.4], [0.98, 0.01, 0.01]]))
    texts = []
    for weight in (0.0, 1.0):
        language = Yes()
        decoder = BeamDecoder(WORDS, language=language, language_weight=weight, word_bonus=2.0)
        decoder.accept(log_probs)
        texts.append(decoder.finish()[0].text)
    assert texts == ["no", "yes"]


def test_after_finish_everything_begins_anew() -> None:
    log_probs = random_log_probs(1, 20, 3)
    decoder = BeamDecoder(WORDS)
    assert decoder.best() == Hypothesis((), 0.0)
    decoder.accept(log_probs)
    assert decoder.num_frames == 20
    first = decoder.finish()
    assert decoder.num_frames == 0 and decoder.best().text == "" and decoder.committed == []
    decoder.accept(log_probs)
    assert decoder.finish() == first


@pytest.mark.parametrize("horizon", [None, 3])
def test_asking_again_and_again_gives_what_asking_once_gives(horizon: int | None) -> None:
    """Between words nothing is worked out anew but the score."""
    random = np.random.default_rng(5)
    log_probs = random_log_probs(5, 60, 3)
    log_probs[random.random(60) < 0.7] = np.log([1 - 2e-9, 1e-9, 1e-9])
    asked = BeamDecoder(WORDS, width=4, horizon_frames=horizon)
    for frames in range(1, 61):
        asked.accept(log_probs[frames - 1 : frames])
        once = BeamDecoder(WORDS, width=4, horizon_frames=horizon)
        once.accept(log_probs[:frames])
        assert asked.best().words == once.best().words
        assert asked.best().score == pytest.approx(once.best().score)


def test_impossible_symbols_and_certain_ones() -> None:
    log_probs = np.where(np.eye(3, dtype=bool)[[0, 1, 1, 0, 1, 2, 0]], 0, -np.inf)
    decoder = BeamDecoder(WORDS)
    decoder.accept(log_probs.astype(np.float32))
    found = decoder.finish()
    assert found[0].text == "no no yes"
    assert [(w.start_frame, w.end_frame) for w in found[0].words] == [(1, 3), (4, 5), (5, 6)]
    assert found[0].score == pytest.approx(0.0)


def test_memory_does_not_grow_with_silence_or_with_what_is_dropped() -> None:
    draws = np.random.default_rng(0)
    decoder = BeamDecoder(WORDS, horizon_frames=50)
    sizes = []
    for _ in range(40):
        spoken = np.full((100, 3), 0.002)
        spoken[np.arange(100), draws.choice(3, 100, p=[0.8, 0.1, 0.1])] = 0.996
        decoder.accept(np.log(spoken).astype(np.float32))
        prefixes, waiting = 0, [decoder._done.prefix]
        while waiting:
            prefix = waiting.pop()
            assert prefix.parent is not None or prefix is decoder._done.prefix
            prefixes += 1
            waiting += prefix.children.values()
        sizes.append(prefixes)
    assert len(decoder.committed) > 500
    assert max(sizes) < 150


@pytest.mark.parametrize(
    "options",
    [{"width": 0}, {"threshold": -1.0}, {"language_weight": math.nan}, {"horizon_frames": 0}],
)
def test_numbers_out_of_range_are_named(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(options))} is .* expected at least"):
        BeamDecoder(WORDS, **options)


@pytest.mark.parametrize("name", ["language_weight", "word_bonus"])
def test_infinite_weights_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="expected finite language_weight and word_bonus"):
        BeamDecoder(WORDS, **{name: math.inf})
