from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import speechrnn
from speechrnn import Event, Stream
from speechrnn.audio import resample, resampling_delay_s
from speechrnn.decoding.operating_point import default_operating_point
from speechrnn.errors import AudioError, ConfigError, ModelError
from speechrnn.runtime.metadata import write_operating_point

RATE_HZ = 16000
TONES_HZ = {"high": 2500.0, "low": 300.0}
# The tone model needs to hear so much of a tone of this loudness before it believes it.
LOUDNESS = 0.01
HEARD_S = 0.125


@pytest.fixture(scope="session")
def tones(tone_model: Path):
    return speechrnn.load_model(tone_model)


def spoken(
    words: Sequence[tuple[str, float]], seconds: float, rate_hz: int = RATE_HZ
) -> np.ndarray:
    """(S,) tones of half a second that begin at the given times, over faint noise."""
    wave = 1e-4 * np.random.default_rng(0).standard_normal(round(seconds * rate_hz))
    for word, start_s in words:
        first = round(start_s * rate_hz)
        time_s = np.arange(min(rate_hz // 2, len(wave) - first)) / rate_hz
        tone = LOUDNESS * np.sin(2 * np.pi * TONES_HZ[word] * time_s)
        wave[first : first + len(tone)] += tone
    return wave.astype(np.float32)


WORDS = [("low", 0.9), ("high", 2.003), ("high", 3.5), ("low", 4.77)]
SPOKEN = spoken(WORDS, 6.0)


def hear(stream: Stream, wave: np.ndarray, block: int = 320) -> list[Event]:
    events = []
    for start in range(0, len(wave), block):
        events += stream.accept(wave[start : start + block])
    return events + stream.finish()


def check(events: Sequence[Event], words: Sequence[tuple[str, float]]) -> None:
    assert [event.word for event in events] == [word for word, _ in words]
    for event, (_, start_s) in zip(events, words, strict=True):
        # Levels come every 10 ms and are smoothed over 30 ms.
        assert event.start_s == pytest.approx(start_s, abs=0.03)
        assert start_s + HEARD_S - 0.03 < event.end_s < start_s + 0.53
        assert 0 <= event.latency_s < 0.5


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


def test_hears_words_and_when_they_were_said(tones) -> None:
    check(hear(Stream(tones), SPOKEN), WORDS)


def test_takes_a_path_and_streams_share_a_recognizer(tones, tone_model: Path) -> None:
    expected = hear(Stream(tones), SPOKEN)
    assert hear(Stream(tone_model), SPOKEN) == expected
    assert hear(Stream(str(tone_model), RATE_HZ), SPOKEN) == expected
    one, other = Stream(tones), Stream(tones)
    heard: tuple[list[Event], list[Event]] = ([], [])
    for start in range(0, len(SPOKEN), 1000):
        heard[0].extend(one.accept(SPOKEN[start : start + 1000]))
        heard[1].extend(other.accept(SPOKEN[::-1][start : start + 1000]))
    assert heard[0] + one.finish() == expected
    assert len(heard[1] + other.finish()) == len(WORDS)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 22050, 44100, 48000, 96000])
def test_any_rate_gives_the_same_words_at_the_same_times(tones, rate_hz: int) -> None:
    wave = spoken(WORDS, 6.0, rate_hz)
    stream = Stream(tones, rate_hz)
    events = hear(stream, wave, rate_hz // 50)
    assert stream.time_s == pytest.approx(6.0, abs=1e-9)
    check([replace(event, latency_s=0.0) for event in events], WORDS)
    own = Stream(tones)
    delay_s = resampling_delay_s(rate_hz, RATE_HZ)
    assert stream.latency_s == pytest.approx(own.latency_s + delay_s)
    assert 0.01 < delay_s < 0.2
    for event, expected in zip(events, hear(own, SPOKEN), strict=True):
        # The noise is another, so that the threshold may be crossed in the window beside.
        assert event.end_s + event.latency_s == pytest.approx(
            expected.end_s + expected.latency_s + delay_s, abs=0.17
        )


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 6 * RATE_HZ), max_size=30),
    st.sampled_from([8000, RATE_HZ, 44100]),
    st.sampled_from([20.0, 160.0]),
)
def test_blocks_do_not_matter(tones, cuts: list[int], rate_hz: int, chunk_ms: float) -> None:
    wave = resample(SPOKEN, RATE_HZ, rate_hz)
    whole, parts = (Stream(tones, rate_hz, chunk_ms=chunk_ms) for _ in range(2))
    expected = whole.accept(wave) + whole.finish()
    events = []
    for part in np.split(wave, sorted(min(cut, len(wave)) for cut in cuts)):
        events += parts.accept(part)
    assert events + parts.finish() == expected
    assert [event.word for event in expected] == [word for word, _ in WORDS]


def test_single_samples_are_blocks_too(tones) -> None:
    wave = SPOKEN[: 3 * RATE_HZ]
    assert hear(Stream(tones), wave, 1) == hear(Stream(tones), wave, len(wave))


@pytest.mark.parametrize("kind", ["keyword head", "unidirectional gru, last"])
def test_blocks_do_not_matter_to_a_network(kind: str, exported) -> None:
    """Untrained, it fires at any noise above thresholds that low."""
    recognizer = speechrnn.load_model(exported(kind)[1])
    thresholds = dict.fromkeys(recognizer.info.words, 0.2)
    wave = np.concatenate([spoken([("low", 0.4), ("high", 1.4)], 2.5), SPOKEN])
    expected = hear(Stream(recognizer, RATE_HZ, thresholds=thresholds), wave, len(wave))
    assert expected
    assert hear(Stream(recognizer, RATE_HZ, thresholds=thresholds), wave, 311) == expected


def test_latency_is_what_passes_until_the_word_is_told(tones) -> None:
    for rate_hz, early_s in ((RATE_HZ, 0.0), (44100, 0.03)):
        stream = Stream(tones, rate_hz)
        wave = spoken(WORDS, 6.0, rate_hz)
        told = 0
        for start in range(0, len(wave), 16):
            for event in stream.accept(wave[start : start + 16]):
                told += 1
                late_s = stream.time_s - event.end_s - event.latency_s
                # Resampling delivers in lumps, and its worst delay is what counts.
                assert -early_s <= late_s <= 16 / rate_hz
        assert told == len(WORDS)


def test_worst_latency_is_that_of_window_front_end_and_resampling(tones) -> None:
    # Frames come every 20 ms and see 5 ms beyond themselves.
    assert Stream(tones).latency_s == pytest.approx(0.325)
    assert Stream(tones, chunk_ms=80, look_ahead_ms=0).latency_s == pytest.approx(0.085)
    at_44100 = Stream(tones, 44100, chunk_ms=80, look_ahead_ms=0).latency_s
    assert at_44100 == pytest.approx(0.085 + resampling_delay_s(44100, RATE_HZ))


@pytest.mark.parametrize("rate_hz", [RATE_HZ, 11025])
def test_times_do_not_drift(tones, rate_hz: int) -> None:
    """A quarter of an hour, and then hours later."""
    stream = Stream(tones, rate_hz)
    phrase_s = 37.0013
    phrase = spoken([("low", 5.0)], phrase_s, rate_hz)
    for later_s in (0.0, 10 * 3600.0):
        base_s = later_s and stream.time_s + later_s
        if later_s:
            stream.skip(later_s)
        events = [event for _ in range(25) for event in stream.accept(phrase)]
        said = [("low", base_s + len(phrase) / rate_hz * i + 5.0) for i in range(25)]
        check([replace(event, latency_s=0.0) for event in events], said)
        assert stream.time_s == pytest.approx(base_s + 25 * len(phrase) / rate_hz, abs=1e-6)


def test_channels_and_integers_are_the_same_sound(tones) -> None:
    expected = hear(Stream(tones), SPOKEN)
    stereo = np.stack([1.5 * SPOKEN, 0.5 * SPOKEN], axis=1)
    as_int16 = np.round(SPOKEN * 32768).astype(np.int16)
    for same in (stereo, SPOKEN[:, None], as_int16, as_int16[:, None], SPOKEN.astype(np.float64)):
        events = hear(Stream(tones), same)
        assert [(e.word, e.start_s, e.end_s) for e in events] == [
            (e.word, e.start_s, e.end_s) for e in expected
        ]


def test_the_callers_buffer_may_be_used_again(tones) -> None:
    """As sound-card libraries do."""
    stream, buffer, events = Stream(tones), np.empty((500, 1), np.float32), []
    for start in range(0, len(SPOKEN), 500):
        buffer[:, 0] = SPOKEN[start : start + 500]
        events += stream.accept(buffer)
        buffer[:] = 1.0
    assert events + stream.finish() == hear(Stream(tones), SPOKEN, 500)


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


@pytest.mark.parametrize("samples", [0, 1, 100, 319])
@pytest.mark.parametrize("rate_hz", [RATE_HZ, 44100])
def test_next_to_no_audio_is_no_word(tones, samples: int, rate_hz: int) -> None:
    stream = Stream(tones, rate_hz)
    assert stream.accept(np.zeros(samples, np.float32)) == []
    assert stream.finish() == []
    assert stream.time_s == samples / rate_hz
    assert stream.posteriors.shape == (2,)


def test_a_word_at_the_very_end_is_heard_when_the_stream_ends(tones) -> None:
    for rate_hz in (RATE_HZ, 44100, 8000):
        stream = Stream(tones, rate_hz)
        wave = spoken([("low", 1.2)], 1.4, rate_hz)  # windows end at 1.285 and 1.445
        assert stream.accept(wave) == []
        [event] = stream.finish()
        assert event.word == "low"
        assert event.start_s == pytest.approx(1.2, abs=0.03)
        assert event.end_s == pytest.approx(1.4, abs=0.03)


def test_words_without_a_pause_between_them_share_the_sound(tones) -> None:
    first, second = hear(Stream(tones), spoken([("low", 1.0), ("high", 1.5)], 2.5))
    assert (first.word, second.word) == ("low", "high")
    assert first.start_s == pytest.approx(1.0, abs=0.03)
    assert second.start_s == first.end_s < second.end_s


def test_no_word_is_longer_than_a_clip(tones) -> None:
    """A sound that goes on is told again after two clips, and then its beginning is long past."""
    long = spoken([("low", 1.0 + 0.5 * i) for i in range(6)], 4.5)
    first, second = hear(Stream(tones), long)
    assert (first.word, second.word) == ("low", "low")
    assert second.start_s == pytest.approx(second.end_s - 1.0)
    assert second.start_s > first.end_s + 0.5


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


def test_lost_audio_moves_the_clock_and_ends_what_was_heard(tones) -> None:
    stream = Stream(tones)
    assert stream.accept(spoken([("low", 1.2)], 1.4)) == []
    [before] = stream.skip(2.5)
    assert (before.word, before.start_s) == ("low", pytest.approx(1.2, abs=0.03))
    assert stream.time_s == pytest.approx(3.9)
    events = stream.accept(spoken([("high", 0.7)], 2.0)) + stream.finish()
    check(events, [("high", 4.6)])


def test_behind_a_gap_all_is_as_at_the_start(tones) -> None:
    """No word from before it delays one, hastens one or makes one go unheard."""
    first, fresh = (Stream(tones, chunk_ms=20, look_ahead_ms=300) for _ in range(2))
    again = spoken([("low", 0.01)], 1.0)
    [before] = first.accept(spoken([("low", 0.9)], 1.12)) + first.skip(2.0)
    [after] = first.accept(again) + first.finish()
    [expected] = fresh.accept(again) + fresh.finish()
    assert before.word == after.word == expected.word == "low"
    assert after.confidence == expected.confidence
    assert after.latency_s == pytest.approx(expected.latency_s)
    assert after.end_s == pytest.approx(expected.end_s + 3.12)


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
