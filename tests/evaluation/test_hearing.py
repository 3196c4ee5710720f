from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speechrnn import Stream, load_model
from speechrnn.datadir import Utterance
from speechrnn.decoding.operating_point import OperatingPoint
from speechrnn.evaluation.hearing import Hearing, hear
from speechrnn.evaluation.strung import Strung
from speechrnn.runtime.recognizer import Recognizer
from speechrnn.runtime.stream import operating_point

RATE_HZ = 16000


@pytest.fixture(scope="module")
def recognizer(tone_model: Path) -> Recognizer:
    return load_model(tone_model)


@pytest.fixture(scope="module")
def point(recognizer: Recognizer) -> OperatingPoint:
    return replace(operating_point(recognizer.info, None, None), chunk_ms=100, look_ahead_ms=60)


@pytest.fixture(scope="module")
def stream(said: list[Utterance]) -> np.ndarray:
    return np.concatenate(list(Strung(RATE_HZ, 0).words(said)))


def blocks(wave: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (wave[i : i + size] for i in range(0, len(wave), size))


def test_what_fires_is_what_a_stream_reports(recognizer, point, stream: np.ndarray) -> None:
    heard = hear(blocks(stream, 7000), recognizer, point, ["clip"]).words(point)
    live = Stream(recognizer, chunk_ms=100, look_ahead_ms=60)
    events = [e for block in blocks(stream, 100) for e in live.accept(block)] + live.finish()
    assert len(events) == len(heard) >= 12
    for event, its in zip(events, heard, strict=True):
        assert (event.word, event.confidence) == (its.word, pytest.approx(its.confidence))
        # What had been heard when it was reported, on the clock of the stream.
        assert event.end_s + event.latency_s == pytest.approx(its.emitted_s)
        assert its.time_s < its.emitted_s <= its.time_s + live.latency_s


def test_block_sizes_change_nothing(recognizer, point, stream: np.ndarray) -> None:
    one, other = (hear(blocks(stream, n), recognizer, point, ["clip"]) for n in (999, 20000))
    np.testing.assert_array_equal(one.tracks["clip"], other.tracks["clip"])
    np.testing.assert_array_equal(one.clips, other.clips)
    assert one.num_samples == other.num_samples == len(stream)


def test_clocks(recognizer, point) -> None:
    """Chunks of 5 frames of 20 ms with 3 of look-ahead; a window needs 5 ms more."""
    wave = np.zeros(RATE_HZ // 2, np.float32)
    hearing = hear([wave], recognizer, point, ["clip"])
    assert hearing.tracks["clip"].shape == (25, 2)
    assert hearing.tracks["clip"].dtype == np.float32
    assert hearing.times_s[:2] == pytest.approx([0.01, 0.03])
    # The last windows end with the stream.
    assert hearing.window_ends_s == pytest.approx([0.165, 0.265, 0.365, 0.465, 0.5])
    assert hearing.emitted_s[[0, 4, 5, 24]] == pytest.approx([0.165, 0.165, 0.265, 0.5])


def test_thresholds_are_tried_without_the_network(recognizer, point, stream: np.ndarray) -> None:
    hearing = hear([stream], recognizer, point, ["clip"])
    never = replace(point, thresholds=dict.fromkeys(point.thresholds, 1.1))
    only = replace(point, thresholds={**never.thresholds, "low": 0.5})
    assert hearing.words(never) == []
    assert {heard.word for heard in hearing.words(only)} == {"low"}


def test_sources_come_from_one_pass(recognizer, point) -> None:
    wave = np.zeros(RATE_HZ, np.float32)
    hearing: Hearing = hear([wave], recognizer, point, ["both", "frames", "clip"])
    assert list(hearing.tracks) == ["both", "frames", "clip"]
    both = np.sqrt(hearing.tracks["clip"] * hearing.tracks["frames"])
    np.testing.assert_allclose(hearing.tracks["both"], both, rtol=1e-5)
