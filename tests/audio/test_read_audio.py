"""Formats, rates, channels, stretches; pipes; what is refused and how it is said."""

from __future__ import annotations

import io
import struct
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.audio import audio_info, read_audio, resample, stream_audio, write_wav
from speechrnn.audio.integrity import _mp3_frame_bytes
from speechrnn.errors import AudioError

RATE_HZ = 16000
LOSSLESS = [
    ("WAV", "PCM_U8", 1 / 128),
    ("WAV", "PCM_16", 1 / 32768),
    ("WAV", "PCM_24", 2**-23),
    ("WAV", "PCM_32", 2**-24),  # float32 holds no more
    ("WAV", "FLOAT", 0),
    ("WAV", "DOUBLE", 2**-24),
    ("WAVEX", "PCM_24", 2**-23),
    ("FLAC", "PCM_16", 1 / 32768),
    ("AIFF", "PCM_16", 1 / 32768),
]
LOSSY = [("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III"), ("WAV", "ULAW"), ("WAV", "IMA_ADPCM")]


class Pipe(io.RawIOBase):
    """Gives bytes a few at a time and cannot seek, like a program's output."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._left = self._left or next(self._pieces, b"")
        data, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def pipe(data: bytes, piece: int = 999) -> Pipe:
    return Pipe(data[i : i + piece] for i in range(0, len(data), piece))


def noise(samples: int, channels: int = 1) -> np.ndarray:
    wave = np.random.default_rng(samples).standard_normal((samples, channels))
    return (wave * 0.1).astype(np.float32).clip(-0.9, 0.9)


def tone(samples: int, rate_hz: int = RATE_HZ) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(samples) / rate_hz)).astype(np.float32)


def rustling_tone(samples: int) -> np.ndarray:
    """A shorter one is the beginning of a longer one."""
    return tone(samples) + 0.05 * np.random.default_rng(0).standard_normal(samples, np.float32)


def encoded(wave: np.ndarray, format: str, subtype: str | None = None, **settings: Any) -> bytes:
    if format == "MP3":
        settings.setdefault("compression_level", 0)  # else a tone does not survive it
    file = io.BytesIO()
    soundfile.write(file, wave, RATE_HZ, format=format, subtype=subtype, **settings)
    return file.getvalue()


def wav(data: bytes, data_bytes: int, riff_bytes: int | None = None, behind: bytes = b"") -> bytes:
    """A mono 16-bit WAV file that claims `data_bytes` of samples."""
    riff_bytes = 36 + data_bytes if riff_bytes is None else riff_bytes
    fmt = struct.pack("<HHIIHH", 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16)
    head = b"RIFF" + struct.pack("<I", riff_bytes & 0xFFFFFFFF) + b"WAVEfmt \x10\0\0\0" + fmt
    return head + b"data" + struct.pack("<I", data_bytes) + data + behind


def in_file(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize(("format", "subtype", "step"), LOSSLESS)
def test_lossless_formats(
    tmp_path: Path, format: str, subtype: str, step: float, channels: int
) -> None:
    wave = noise(5000, channels)
    data = encoded(wave, format, subtype)
    path = in_file(tmp_path, f"a.{format.lower()}", data)
    read, rate_hz = read_audio(path)
    assert (rate_hz, read.dtype, read.shape) == (RATE_HZ, np.float32, (5000,))
    np.testing.assert_allclose(read, wave.mean(axis=1), rtol=0, atol=step + 1e-7)
    np.testing.assert_array_equal(read_audio(pipe(data))[0], read)
    np.testing.assert_array_equal(read_audio(io.BytesIO(data))[0], read)
    info = audio_info(path)
    assert (info.sample_rate_hz, info.channels, info.num_samples) == (RATE_HZ, channels, 5000)
    assert info.duration_s == 5000 / RATE_HZ


@pytest.mark.parametrize(("format", "subtype"), LOSSY)
def test_lossy_formats(tmp_path: Path, format: str, subtype: str) -> None:
    wave = tone(20000)
    data = encoded(wave, format, subtype)
    read, _ = read_audio(in_file(tmp_path, f"a.{format.lower()}", data))
    assert 20000 <= len(read) < 20500  # ADPCM fills its last block
    assert np.corrcoef(read[:20000], wave)[0, 1] > 0.99
    np.testing.assert_array_equal(read_audio(pipe(data))[0], read)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 22050, 44100, 48000, 96000])
def test_resampling_keeps_a_tone(tmp_path: Path, rate_hz: int) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(rate_hz, rate_hz), rate_hz, subtype="FLOAT")
    read, _ = read_audio(path, RATE_HZ)
    assert len(read) == RATE_HZ
    # Away from the ends, where the filter sees the sudden start.
    np.testing.assert_allclose(read[800:-800], tone(RATE_HZ)[800:-800], atol=1e-4)


@settings(deadline=None)
@given(
    st.sampled_from([8000, 11025, 16000, 44100, 48000]),
    st.integers(1, 6000),
    st.integers(1, 5000),
)
def test_streamed_equals_read(rate_hz: int, samples: int, block_samples: int) -> None:
    file = io.BytesIO()
    soundfile.write(file, noise(samples, 2), rate_hz, format="FLAC")
    try:
        whole, _ = read_audio(file, RATE_HZ)
    except AudioError as fault:  # one sample at 48 kHz makes none at 16 kHz
        assert "no samples" in str(fault)
        with pytest.raises(AudioError, match="no samples"):
            list(stream_audio(file, RATE_HZ, block_samples))
        return
    blocks = list(stream_audio(file, RATE_HZ, block_samples))
    assert all(len(block) == block_samples for block in blocks[:-1])
    assert 0 < len(blocks[-1]) <= block_samples
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_streaming_does_not_hold_the_recording() -> None:
    """Five minutes of 48 kHz stereo are 58 MB; a pipe whose length nobody knows."""
    second = (noise(48000, 2) * 32767).astype("<i2").tobytes()
    fmt = struct.pack("<HHIIHH", 1, 2, 48000, 4 * 48000, 4, 16)
    head = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + fmt + b"data\xff\xff\xff\xff"
    pieces = (head if i == 0 else second for i in range(301))
    tracemalloc.start()
    samples = sum(len(block) for block in stream_audio(Pipe(pieces), RATE_HZ, 4000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert samples == 300 * RATE_HZ
    assert peak < 4e6


@pytest.mark.parametrize("format", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_stretch_is_that_part_of_the_whole(tmp_path: Path, format: str) -> None:
    path = in_file(tmp_path, f"a.{format.lower()}", encoded(tone(80000), format))
    whole, _ = read_audio(path)
    part, _ = read_audio(path, start_s=2.5, end_s=3.25)
    np.testing.assert_array_equal(part, whole[40000:52000])
    np.testing.assert_array_equal(read_audio(path, start_s=4.9)[0], whole[78400:])
    # Kaldi lets a segment pass the end of its recording by half a second.
    np.testing.assert_array_equal(read_audio(path, start_s=4.9, end_s=5.4)[0], whole[78400:])


@pytest.mark.parametrize("stretch", [(4.0, 5.6), (5.0, None), (7.0, 8.0), (2.0, 2.0), (-1.0, 2.0)])
def test_a_stretch_outside_is_refused(tmp_path: Path, stretch: tuple[float, float | None]) -> None:
    path = in_file(tmp_path, "a.flac", encoded(tone(80000), "FLAC"))
    with pytest.raises(AudioError, match=r"a\.flac"):
        read_audio(path, start_s=stretch[0], end_s=stretch[1])


@pytest.mark.parametrize(
    ("data_bytes", "riff_bytes"),
    [
        (0xFFFFFFFF, 0xFFFFFFFF),  # ffmpeg
        (0x7FFFF000, 0x7FFFF024),  # sox
        (0x80000000, 0x80000024),  # arecord
        (0xFFFFFFFF - 36, 0xFFFFFFFF),
        (0, 0),
        (0, 36),  # a writer that was killed before it knew
    ],
)
def test_wav_of_unknown_length_is_not_cut(tmp_path: Path, data_bytes: int, riff_bytes: int) -> None:
    samples = (tone(3000) * 32768).astype("<i2")
    data = wav(samples.tobytes() + b"\x01", data_bytes, riff_bytes)  # and half a sample
    path = in_file(tmp_path, "piped.wav", data)
    for source in (path, pipe(data), io.BytesIO(data)):
        np.testing.assert_array_equal(read_audio(source)[0], samples / np.float32(32768))
    assert audio_info(path).num_samples == 3000


def test_chunks_around_the_samples_are_passed_over(tmp_path: Path) -> None:
    samples = (tone(1001) * 32768).astype("<i2").tobytes()
    data = wav(samples, len(samples), behind=b"LIST\x04\0\0\0abcd")
    odd = b"junk\x03\0\0\0xyz\0"
    path = in_file(tmp_path, "chunks.wav", data[:12] + odd + data[12:])
    assert len(read_audio(path)[0]) == 1001
    empty = wav(b"", 0, 48, behind=b"LIST\x04\0\0\0abcd")
    with pytest.raises(AudioError, match="no samples"):
        read_audio(io.BytesIO(empty))


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


def test_resample_leaves_an_equal_rate_alone() -> None:
    wave = tone(100)
    np.testing.assert_array_equal(resample(wave, 8000, 8000), wave)
    assert len(resample(wave, 8000, 16000)) == 200
