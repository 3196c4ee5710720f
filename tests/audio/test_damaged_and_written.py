"""Files that are cut, damaged or no audio: what is refused and how it is said; writing files."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.audio import audio_info, read_audio, stream_audio, write_wav
from speechrnn.audio.integrity import _mp3_frame_bytes
from speechrnn.errors import AudioError

sys.path.insert(0, str(Path(__file__).parent))
from waves import LOSSLESS, LOSSY, RATE_HZ, encoded, in_file, noise, pipe, tone, wav


def rustling_tone(samples: int) -> np.ndarray:
    """A shorter one is the beginning of a longer one."""
    return tone(samples) + 0.05 * np.random.default_rng(0).standard_normal(samples, np.float32)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
@pytest.mark.parametrize(
    ("format", "subtype"),
    [
        ("WAV", "PCM_16"),
        ("WAV", "PCM_24"),
        ("WAV", "ULAW"),
        ("FLAC", None),
        ("OGG", None),
        ("OGG", "OPUS"),
        ("MP3", None),
        ("AIFF", None),
        ("RF64", None),
    ],
)
def test_a_cut_file_is_refused_or_read_as_far_as_it_goes(
    tmp_path: Path, format: str, subtype: str | None, share: float
) -> None:
    data = encoded(rustling_tone(160000), format, subtype)
    cut = data[: int(len(data) * share)]
    path = in_file(tmp_path, f"cut.{format.lower()}", cut)
    for source in (path, pipe(cut)):
        with pytest.raises(AudioError, match=r"cut off.*--allow-truncated"):
            read_audio(source)
    with pytest.raises(AudioError, match="cut off"):
        list(stream_audio(path, RATE_HZ, 1000))
    with pytest.raises(AudioError, match="cut off"):
        audio_info(path, decode=True)
    part, _ = read_audio(path, allow_truncated=True)
    assert 0.5 * share < len(part) / 160000 < share + 0.2  # an encoder's output is not even
    assert np.corrcoef(part, rustling_tone(len(part)))[0, 1] > 0.98
    streamed = np.concatenate(list(stream_audio(path, RATE_HZ, 7777, allow_truncated=True)))
    np.testing.assert_array_equal(streamed, part)


def test_mp3_without_a_length_header() -> None:
    """Constant bit rate reads whole; of variable, libsndfile would silently lose the end."""
    for mode, readable in (("CONSTANT", True), ("VARIABLE", False)):
        wave = noise(48000)[:, 0] * np.linspace(1, 0, 48000, dtype=np.float32)
        data = encoded(wave, "MP3", bitrate_mode=mode, compression_level=0.5)
        headless = data[_mp3_frame_bytes(data[:4]) :]
        if readable:
            assert len(read_audio(io.BytesIO(headless))[0]) >= 48000
            with pytest.raises(AudioError, match="cut off"):
                read_audio(io.BytesIO(headless[:-20]))
        else:
            with pytest.raises(AudioError, match=r"variable bit rate.*convert"):
                read_audio(io.BytesIO(headless))
        tagged = b"ID3\x03\0\0\0\0\0\x20" + bytes(32) + data + b"TAG" + bytes(125)
        assert len(read_audio(io.BytesIO(tagged))[0]) == 48000


@pytest.mark.parametrize(
    ("name", "content", "fault", "remedy"),
    [
        ("missing.wav", None, "No such file", "give a recording"),
        ("empty.wav", b"", "empty file", "make the recording again"),
        ("none.wav", wav(b"", 0), "no samples", "make the recording again"),
        ("text.wav", b"hello, this is no audio\n" * 9, "not audio", "expected wav, flac, ogg"),
        ("head.wav", wav(b"", 8)[:30], "ends inside its WAV header", "get the whole file"),
        ("pcm.raw", bytes(999), "not audio", "expected wav"),
        ("rate.wav", encoded(tone(99), "WAV").replace(b"\x80>\0\0\0}\0\0", bytes(8)), "0 Hz", ""),
        ("video.mp4", b"\0\0\0\x18ftypmp42" + bytes(300), "not audio", "expected wav"),
    ],
)
def test_one_line_names_file_fault_and_remedy(
    tmp_path: Path, name: str, content: bytes | None, fault: str, remedy: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    for read in (read_audio, audio_info, lambda path: list(stream_audio(path, RATE_HZ, 100))):
        with pytest.raises(AudioError) as error:
            read(path)
        message = str(error.value)
        assert message.startswith(f"{path}: ")
        assert fault in message
        assert remedy in message
        assert "\n" not in message


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=f"{tmp_path}: .*directory"):
        read_audio(tmp_path)


@pytest.mark.parametrize(
    ("value", "fault"),
    [(np.nan, "NaN"), (np.inf, "NaN"), (-np.inf, "NaN"), (1e300, "NaN"), (20000.0, "32768")],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_values_that_are_no_audio(value: float, fault: str, channels: int) -> None:
    wave = noise(RATE_HZ, channels).astype(np.float64)
    wave[RATE_HZ // 2, 0] = value
    data = encoded(wave, "WAV", "DOUBLE")
    for source in (io.BytesIO(data), pipe(data)):
        with pytest.raises(AudioError, match=fault) as error:
            read_audio(source)
    if fault == "NaN":
        assert "0.50 s" in str(error.value)
    assert audio_info_of(data) == RATE_HZ


def audio_info_of(data: bytes) -> int:
    """Headers are fine; only decoding finds such values."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = in_file(Path(folder), "a.wav", data)
        with pytest.raises(AudioError):
            audio_info(path, decode=True)
        return audio_info(path).num_samples


SEEDS = [
    encoded(noise(300, channels), format, subtype)
    for channels in (1, 2)
    for format, subtype, _ in LOSSLESS
] + [encoded(tone(3000), format, subtype) for format, subtype in LOSSY]


@settings(deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 255)), max_size=4),
    st.integers(0, 4000),
    st.booleans(),
)
def test_damaged_bytes_give_audio_or_an_audio_error(
    seed: bytes, changes: list[tuple[int, int]], length: int, allow_truncated: bool
) -> None:
    data = bytearray(seed)
    for place, value in changes:
        data[place] = value
    for source in (io.BytesIO(bytes(data[:length])), pipe(bytes(data[:length]))):
        try:
            wave, rate_hz = read_audio(source, allow_truncated=allow_truncated)
        except AudioError as fault:
            assert "\n" not in str(fault)
        else:
            assert len(wave)
            assert np.isfinite(wave).all()
            assert rate_hz >= 1000


def test_written_wav_is_read_back(tmp_path: Path) -> None:
    wave = np.concatenate((noise(1000)[:, 0], [-1.0, 1.0, 1.7, -3.0])).astype(np.float32)
    path = tmp_path / "a.wav"
    write_wav(path, wave, 22050)
    read, rate_hz = read_audio(path)
    assert rate_hz == 22050
    np.testing.assert_allclose(read, wave.clip(-1, 32767 / 32768), rtol=0, atol=0.5 / 32768)
    # The samples are on the grid now: writing them once more changes nothing.
    write_wav(tmp_path / "b.wav", read, 22050)
    assert (tmp_path / "b.wav").read_bytes() == path.read_bytes()
    assert soundfile.info(path).subtype == "PCM_16"


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, tone(100), RATE_HZ)
    before = path.read_bytes()
    with pytest.raises(AudioError, match="NaN"):
        write_wav(path, np.array([0.0, np.nan]), RATE_HZ)
    with pytest.raises(AudioError, match="cannot be written"):
        write_wav(tmp_path / "nowhere" / "a.wav", tone(100), RATE_HZ)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]
