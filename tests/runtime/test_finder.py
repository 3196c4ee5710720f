from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.runtime.finder import WordFinder
from speechrnn.runtime.transcript import Segment

RATE_HZ = 8000
LABELS = ("high", "low", "_silence_")
Spoken = list[tuple[str, float, float]]  # word, its length and the pause after it in seconds


def classify(waves: Sequence[np.ndarray]) -> np.ndarray:
    """High or low tone, or silence, by zero crossings and energy."""
    rows = []
    for wave in waves:
        if np.square(wave).sum() < 0.5:
            rows.append((0.05, 0.05, 0.9))
            continue
        loud = wave[np.abs(wave) > 0.02]
        crossings = np.mean(np.diff(np.sign(loud)) != 0) if len(loud) > 1 else 0
        rows.append((0.9, 0.08, 0.02) if crossings > 0.25 else (0.08, 0.9, 0.02))
    return np.log(np.array(rows, np.float32))


def speak(words: Spoken, noise: float = 1e-3, lead_s: float = 0.5) -> tuple[np.ndarray, list]:
    """(S,) tones over faint noise, and where each word lies."""
    random = np.random.default_rng(0)
    parts, places, now_s = [np.zeros(round(lead_s * RATE_HZ))], [], lead_s
    for word, length_s, pause_s in words:
        count = round(length_s * RATE_HZ)
        tone_hz = {"high": 2000, "low": 200}[word]
        parts += [
            0.2 * np.sin(2 * np.pi * tone_hz * np.arange(count) / RATE_HZ),
            np.zeros(round(pause_s * RATE_HZ)),
        ]
        places.append((word, now_s, now_s + length_s))
        now_s += length_s + pause_s
    wave = np.concatenate(parts)
    return (wave + noise * random.standard_normal(len(wave))).astype(np.float32), places


def find(wave: np.ndarray, block: int = RATE_HZ) -> list[Segment]:
    finder = WordFinder(classify, LABELS, RATE_HZ, RATE_HZ)
    segments = []
    for start in range(0, len(wave), block):
        segments += finder.accept(wave[start : start + block])
    return segments + finder.finish()


def check(segments: list[Segment], places: list) -> None:
    assert [segment.word for segment in segments] == [word for word, _, _ in places]
    for segment, (_, start_s, end_s) in zip(segments, places, strict=True):
        # Levels come every 10 ms and are smoothed over 30 ms.
        assert segment.start_s == pytest.approx(start_s, abs=0.03)
        assert segment.end_s == pytest.approx(end_s, abs=0.03)


utterances = st.lists(
    st.tuples(st.sampled_from(["high", "low"]), st.floats(0.15, 0.7), st.floats(0.25, 2.5)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(utterances)
def test_each_word_is_found_once_where_it_is(words: Spoken) -> None:
    wave, places = speak(words)
    check(find(wave), places)


@settings(max_examples=20, deadline=None)
@given(utterances, st.integers(50, 30000))
def test_blocks_do_not_matter(words: Spoken, block: int) -> None:
    wave, _ = speak(words * 6)
    assert find(wave, block) == find(wave, len(wave))


def test_words_at_the_borders_of_pages_are_found_once() -> None:
    # Pages are 20 s long; words of 0.5 s every 0.93 s lie in all ways across their borders.
    words = [("high" if i % 3 else "low", 0.5, 0.43) for i in range(120)]
    wave, places = speak(words)
    check(find(wave), places)


def test_a_word_said_twice_is_two_words() -> None:
    wave, places = speak([("high", 0.4, 0.3), ("high", 0.4, 1.0)])
    check(find(wave), places)


def test_words_without_a_pause_between_them_are_told_apart_by_windows() -> None:
    wave, _ = speak([("high", 0.9, 0.0), ("low", 0.9, 1.0)])
    segments = find(wave)
    assert [segment.word for segment in segments] == ["high", "low"]
    assert segments[0].end_s <= segments[1].start_s + 0.3


def test_a_word_at_the_very_start_and_end_is_found() -> None:
    wave, places = speak([("low", 0.4, 1.5), ("high", 0.4, 0.0)], lead_s=0.0)
    check(find(wave), places)


def test_silence_and_noise_give_no_word_and_little_doubt() -> None:
    finder = WordFinder(classify, LABELS, RATE_HZ, RATE_HZ)
    finder.accept(np.zeros(RATE_HZ * 30, np.float32))
    random = np.random.default_rng(0)
    finder.accept((1e-3 * random.standard_normal(RATE_HZ * 30)).astype(np.float32))
    assert finder.finish() == []
    assert finder.doubt < 0.1


def test_non_words_are_never_reported() -> None:
    wave, _ = speak([("high", 0.4, 1.0), ("low", 0.4, 1.0)])
    finder = WordFinder(classify, ("high", "_unknown_", "_silence_"), RATE_HZ, RATE_HZ)
    assert [s.word for s in finder.accept(wave) + finder.finish()] == ["high"]


def test_a_click_is_no_word() -> None:
    wave, places = speak([("high", 0.4, 1.0), ("low", 0.04, 1.0), ("high", 0.4, 1.0)])
    check(find(wave), [places[0], places[2]])


def test_a_label_of_several_words_may_have_a_longer_pause_inside() -> None:
    wave, _ = speak([("high", 0.3, 0.2), ("high", 0.3, 1.0)])
    assert len(find(wave)) == 2
    finder = WordFinder(classify, ("lights on", "low", "_silence_"), RATE_HZ, RATE_HZ)
    assert [s.word for s in finder.accept(wave) + finder.finish()] == ["lights on"]


def test_memory_does_not_grow_with_the_recording() -> None:
    wave, _ = speak([("high", 0.4, 0.6), ("low", 0.5, 0.5)] * 10)
    finder = WordFinder(classify, LABELS, RATE_HZ, RATE_HZ)
    tracemalloc.start()
    try:
        peaks = []
        for _ in range(2):
            tracemalloc.reset_peak()
            for _ in range(15):
                finder.accept(wave)
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000  # a minute of samples alone is 1.9 MB


def test_hours_of_unbroken_sound_are_cut_and_memory_stays_bounded() -> None:
    wave, _ = speak([("high", 120.0, 1.0)], noise=0)
    wave *= np.linspace(0.9, 1.0, len(wave), dtype=np.float32)
    segments = find(np.concatenate([np.zeros(RATE_HZ * 5, np.float32), wave]))
    assert segments
    assert {segment.word for segment in segments} == {"high"}
