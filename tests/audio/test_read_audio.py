"""Formats, rates, channels, stretches; pipes and streams."""

from __future__ import annotations

import io
import struct
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.audio import audio_info, read_audio, resample, stream_audio
from speechrnn.errors import AudioError

sys.path.insert(0, str(Path(__file__).parent))
from waves import LOSSLESS, LOSSY, RATE_HZ, Pipe, encoded, in_file, noise, pipe, tone, wav


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


def test_resample_leaves_an_equal_rate_alone() -> None:
    wave = tone(100)
    np.testing.assert_array_equal(resample(wave, 8000, 8000), wave)
    assert len(resample(wave, 8000, 16000)) == 200
