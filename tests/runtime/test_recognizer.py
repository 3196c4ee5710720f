from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

import speechrnn
from speechrnn.errors import AudioError

RATE_HZ = 16000
TONES_HZ = {"high": 3000, "low": 300}


@pytest.fixture(scope="module")
def recognizer(tone_model: Path) -> speechrnn.Recognizer:
    return speechrnn.load_model(tone_model)


def tone(word: str, seconds: float = 0.5, rate_hz: int = RATE_HZ) -> np.ndarray:
    """(S,) float32."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (0.3 * np.sin(2 * np.pi * TONES_HZ[word] * time_s)).astype(np.float32)


def phrase(words: list[str], pause_s: float = 0.6) -> np.ndarray:
    """(S,) tones with silence around each."""
    silence = np.zeros(round(pause_s * RATE_HZ), np.float32)
    return np.concatenate([silence, *(part for w in words for part in (tone(w), silence))])


def test_a_clip_is_one_segment(recognizer) -> None:
    transcript = recognizer.transcribe(tone("high"), RATE_HZ)
    assert transcript.text == "high"
    assert transcript.confidence > 0.9
    assert transcript.duration_s == 0.5
    [segment] = transcript.segments
    assert (segment.word, segment.start_s, segment.end_s) == ("high", 0.0, 0.5)
    assert [a.word for a in transcript.alternatives] == ["high", "low", "_silence_"]
    assert sum(a.confidence for a in transcript.alternatives) == pytest.approx(1, abs=1e-5)
    assert transcript.alternatives[0].confidence == transcript.confidence == segment.confidence


def test_a_clip_without_a_word_has_no_text(recognizer) -> None:
    transcript = recognizer.transcribe(np.zeros(8000, np.float32), RATE_HZ)
    assert (transcript.text, transcript.segments) == ("", ())
    assert transcript.alternatives[0].word == "_silence_"


def test_clip_length_is_the_border_between_clip_and_windows(recognizer) -> None:
    clip = recognizer.info.clip_samples
    wave = tone("low", 2.0)
    whole = recognizer.transcribe(wave[:clip], RATE_HZ)
    assert whole.segments[0].end_s == 1.0 and whole.alternatives
    assert recognizer.transcribe(wave[: clip + 1], RATE_HZ).alternatives == ()


def test_a_long_recording_gives_words_with_times(recognizer) -> None:
    transcript = recognizer.transcribe(phrase(["high", "low", "low"]), RATE_HZ)
    assert transcript.text == "high low low"
    assert transcript.duration_s == pytest.approx(0.6 * 4 + 0.5 * 3)
    for segment, start_s in zip(transcript.segments, (0.6, 1.7, 2.8), strict=True):
        assert segment.start_s == pytest.approx(start_s, abs=0.03)
        assert segment.end_s == pytest.approx(start_s + 0.5, abs=0.03)
    confidences = [segment.confidence for segment in transcript.segments]
    assert transcript.confidence == pytest.approx(np.mean(confidences))


def test_a_long_recording_without_a_word_has_no_text(recognizer) -> None:
    transcript = recognizer.transcribe(np.zeros(5 * RATE_HZ, np.float32), RATE_HZ)
    assert (transcript.text, transcript.segments) == ("", ())
    assert transcript.confidence == 1.0


@pytest.mark.parametrize("seconds", [0.5, 3.0])
def test_file_stream_and_array_agree(recognizer, tmp_path: Path, seconds: float) -> None:
    wave = phrase(["low", "high"])[: round(seconds * RATE_HZ)]
    path = tmp_path / "x.wav"
    soundfile.write(path, wave, RATE_HZ, subtype="FLOAT")
    expected = recognizer.transcribe(wave, RATE_HZ)
    assert recognizer.transcribe(path) == expected
    assert recognizer.transcribe(str(path)) == expected
    assert recognizer.transcribe(io.BytesIO(path.read_bytes())) == expected


@pytest.mark.parametrize("rate_hz", [8000, 11025, 44100, 48000])
def test_other_rates_are_resampled(recognizer, rate_hz: int) -> None:
    transcript = recognizer.transcribe(tone("high", 0.5, rate_hz), rate_hz)
    assert transcript.text == "high"
    assert transcript.duration_s == pytest.approx(0.5, abs=1e-3)


def test_integers_and_channels_are_the_same_sound(recognizer) -> None:
    wave = tone("low")
    expected = recognizer.transcribe(wave, RATE_HZ)
    as_int16 = np.round(wave * 32768).astype(np.int16)
    as_int32 = (wave.astype(np.float64) * 2**31).astype(np.int32)
    stereo = np.stack([1.5 * wave, 0.5 * wave], axis=1)
    for same in (as_int16, as_int32, stereo, wave.astype(np.float64), wave.astype(np.float16)):
        transcript = recognizer.transcribe(same, RATE_HZ)
        # 16-bit steps of 3e-5 move log-probabilities by about as much.
        assert transcript.confidence == pytest.approx(expected.confidence, abs=1e-3)
        assert transcript.text == "low"


@pytest.mark.parametrize(
    ("samples", "rate_hz", "message"),
    [
        (np.zeros(100, np.float32), None, "pass sample_rate"),
        (np.zeros(100, np.float32), 0, "expected a positive number"),
        (np.zeros(0, np.float32), RATE_HZ, "no samples"),
        (np.float32([0, np.nan]), RATE_HZ, "NaN"),
        (np.float32([0, np.inf]), RATE_HZ, "infinity"),
        (np.zeros((2, 16000), np.float32), RATE_HZ, "transpose it"),
        (np.zeros((2, 2, 2), np.float32), RATE_HZ, "expected"),
        (np.zeros((9, 0), np.float32), RATE_HZ, "expected"),
        (np.zeros(100, np.complex64), RATE_HZ, "type is complex64"),
        (np.zeros(100, np.uint8), RATE_HZ, "type is uint8"),
        (np.full(100, 2e4, np.float32), RATE_HZ, "divide 16-bit values by 32768"),
    ],
)
def test_what_is_no_audio_is_refused(recognizer, samples, rate_hz, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        recognizer.transcribe(samples, rate_hz)


def test_a_rate_for_a_file_is_refused(recognizer, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="a file tells its own sample rate"):
        recognizer.transcribe(tmp_path / "x.wav", RATE_HZ)


def test_a_missing_file_is_named(recognizer, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"gone\.wav"):
        recognizer.transcribe(tmp_path / "gone.wav")


def test_clips_of_any_length_share_batches_without_a_trace(recognizer) -> None:
    random = np.random.default_rng(0)
    waves = [
        tone(("high", "low")[i % 2], seconds) * np.float32(random.uniform(0.01, 3))
        for i, seconds in enumerate(random.uniform(0.001, 3.0, 75))
    ]
    together = recognizer.clip_log_probs(waves)
    alone = np.concatenate([recognizer.clip_log_probs([wave]) for wave in waves])
    # Sums over more zeros round differently.
    np.testing.assert_allclose(together, alone, atol=1e-4)
    np.testing.assert_allclose(np.exp(together).sum(axis=1), 1, atol=1e-5)


def test_no_clips_give_no_rows(recognizer) -> None:
    assert recognizer.clip_log_probs([]).shape == (0, 3)


def test_threads_may_share_a_recognizer(recognizer) -> None:
    waves = [phrase([word] * 3) for word in ("high", "low")] * 8
    expected = [recognizer.transcribe(wave, RATE_HZ) for wave in waves]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda wave: recognizer.transcribe(wave, RATE_HZ), waves)) == expected
