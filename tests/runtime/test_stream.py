"""What a stream hears, and when: rates, blocks, latency, ends, gaps."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import speechrnn
from speechrnn import Event, Stream
from speechrnn.audio import resample, resampling_delay_s

sys.path.insert(0, str(Path(__file__).parent))
from spoken_tones import RATE_HZ, SPOKEN, WORDS, hear, spoken

# The tone model needs to hear so much of a tone as loud as those of `spoken` to believe it.
HEARD_S = 0.125


def check(events: Sequence[Event], words: Sequence[tuple[str, float]]) -> None:
    assert [event.word for event in events] == [word for word, _ in words]
    for event, (_, start_s) in zip(events, words, strict=True):
        # Levels come every 10 ms and are smoothed over 30 ms.
        assert event.start_s == pytest.approx(start_s, abs=0.03)
        assert start_s + HEARD_S - 0.03 < event.end_s < start_s + 0.53
        assert 0 <= event.latency_s < 0.5


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
