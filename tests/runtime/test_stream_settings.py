"""What a stream refuses, its settings and its state, from the first sample to the end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import speechrnn
from speechrnn import Event, Stream
from speechrnn.decoding.operating_point import default_operating_point
from speechrnn.errors import AudioError, ConfigError, ModelError
from speechrnn.runtime.metadata import write_operating_point

sys.path.insert(0, str(Path(__file__).parent))
from spoken_tones import LOUDNESS, RATE_HZ, SPOKEN, hear


def arrays_of(thing: object) -> Iterator[np.ndarray]:
    """All arrays that an object of this package holds, the model aside."""
    if isinstance(thing, np.ndarray):
        yield thing
    elif isinstance(thing, list | tuple | dict):
        assert len(thing) < 50
        for part in thing.values() if isinstance(thing, dict) else thing:
            yield from arrays_of(part)
    elif type(thing).__module__.startswith("speechrnn") and hasattr(thing, "__dict__"):
        for name, part in vars(thing).items():
            if name not in ("_recognizer", "_session"):
                yield from arrays_of(part)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.float32([0, np.nan]), "NaN or infinity"),
        (np.float32([np.inf, 0]), "NaN or infinity"),
        (np.zeros((2, 16000), np.float32), "transpose it"),
        (np.float32(0.5), "shape"),
        (np.zeros(100, np.uint8), "type is uint8"),
        (np.full(100, 2e4, np.float32), "divide 16-bit values by 32768"),
    ],
)
def test_what_is_no_audio_is_refused_and_leaves_no_trace(tones, samples, message: str) -> None:
    stream = Stream(tones)
    events = stream.accept(SPOKEN[:20000])
    with pytest.raises(AudioError, match=message):
        stream.accept(samples)
    events += stream.accept(SPOKEN[20000:]) + stream.finish()
    assert events == hear(Stream(tones), SPOKEN)


def test_nothing_may_follow_the_end(tones) -> None:
    stream = Stream(tones)
    stream.finish()
    for call in (lambda: stream.accept(SPOKEN), stream.finish, lambda: stream.skip(1)):
        with pytest.raises(AudioError, match="start a new one"):
            call()


def test_state_to_look_at_while_it_runs(tones) -> None:
    stream = Stream(tones)
    assert stream.words == ("high", "low")
    assert stream.level_db == -100
    stream.accept(SPOKEN[: int(1.4 * RATE_HZ)])
    assert stream.time_s == pytest.approx(1.4)
    assert stream.level_db == pytest.approx(20 * np.log10(LOUDNESS) - 3, abs=0.1)
    np.testing.assert_allclose(stream.posteriors, [0, 1], atol=1e-3)
    assert not stream.calibrated
    assert stream.thresholds == {"high": 0.5, "low": 0.5}


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_no_clock_goes_backward(tones, seconds: float) -> None:
    with pytest.raises(AudioError, match="pass how much audio was lost"):
        Stream(tones).skip(seconds)


def test_thresholds_may_be_given_for_some_words(tones) -> None:
    stream = Stream(tones, thresholds={"high": 1.1})
    assert stream.thresholds == {"high": 1.1, "low": 0.5}
    assert {event.word for event in hear(stream, SPOKEN)} == {"low"}


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"thresholds": {"hihg": 0.5}}, ConfigError, "'hihg' is no word of .*it knows high, low"),
        ({"thresholds": {"_silence_": 0.5}}, ConfigError, "'_silence_' is no word"),
        ({"thresholds": {"high": 0.0}}, ConfigError, "threshold of 'high' is 0.0"),
        ({"thresholds": {"high": float("nan")}}, ConfigError, "threshold of 'high' is nan"),
        ({"chunk_ms": -1}, ConfigError, "chunk_ms is -1"),
        ({"chunk_ms": 1e9}, ConfigError, "chunk_ms"),
        ({"look_ahead_ms": float("nan")}, ConfigError, "look_ahead_ms is nan"),
        ({"sample_rate": 0}, AudioError, "sample rate is 0 Hz"),
        ({"sample_rate": -8000}, AudioError, "sample rate is -8000 Hz"),
        ({"sample_rate": 10**9}, AudioError, "sample rate"),
    ],
)
def test_settings_out_of_range_are_refused(tones, settings: dict, error, message: str) -> None:
    with pytest.raises(error, match=message) as fault:
        Stream(tones, **settings)
    assert "\n" not in str(fault.value)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.onnx: no model there"):
        Stream(tmp_path / "gone.onnx")


def test_the_files_operating_point_counts_unless_told_otherwise(tone_model: Path, tmp_path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(tone_model.read_bytes())
    point = replace(
        default_operating_point(("high", "low"), False),
        chunk_ms=80.0,
        look_ahead_ms=40.0,
        thresholds={"high": 0.9, "low": 2.0},
    )
    write_operating_point(path, point)
    stream = Stream(path)
    assert stream.calibrated
    assert stream.thresholds == {"high": 0.9, "low": 2.0}
    assert stream.latency_s == pytest.approx(0.125)
    assert {event.word for event in hear(stream, SPOKEN)} == {"high"}
    assert Stream(path, chunk_ms=20, look_ahead_ms=0).latency_s == pytest.approx(0.025)


def test_without_a_backward_direction_nothing_is_waited_for(exported) -> None:
    for kind, look_ahead_s in (("unidirectional gru, last", 0.0), ("gru, attention", 0.16)):
        recognizer = speechrnn.load_model(exported(kind)[1])
        right_s = recognizer.info.grid.right_samples / 8000
        assert Stream(recognizer).latency_s == pytest.approx(0.16 + look_ahead_s + right_s)


@pytest.mark.parametrize("block", [160, 44100])
def test_memory_does_not_grow(exported, block: int) -> None:
    stream = Stream(exported("lstm, last")[1], 44100, thresholds={"go": 0.1})
    noise = (0.01 * np.random.default_rng(0).standard_normal(block)).astype(np.float32)
    sizes = []
    for _ in range(4):
        for _ in range(5 * 44100 // block):
            stream.accept(noise)
        sizes.append(sum(array.nbytes for array in arrays_of(stream)))
    assert sizes[0] == sizes[1] == sizes[2] == sizes[3]


def test_event_as_json_values() -> None:
    event = Event("go", 0.123456, 1.00001, 1.5, 0.25)
    assert event.as_dict() == {
        "word": "go",
        "confidence": 0.1235,
        "start_s": 1.0,
        "end_s": 1.5,
        "latency_s": 0.25,
    }
