"""Audio files and streams in, float32 mono samples out; resampling; 16-bit WAV files.

Reads wav, flac, ogg, opus and mp3 at any rate, channel count and sample format. What cannot
be read, is cut off, holds no samples or holds NaN is an `AudioError` of one line.
"""

from speechrnn.audio.files import (
    SEGMENT_OVERSHOOT_S,
    AudioInfo,
    audio_info,
    read_audio,
    stream_audio,
    write_wav,
)
from speechrnn.audio.folder import FORMATS, SUFFIXES, recordings_below
from speechrnn.audio.resampling import StreamResampler, resample, resampling_delay_s

__all__ = [
    "FORMATS",
    "SEGMENT_OVERSHOOT_S",
    "SUFFIXES",
    "AudioInfo",
    "StreamResampler",
    "audio_info",
    "read_audio",
    "recordings_below",
    "resample",
    "resampling_delay_s",
    "stream_audio",
    "write_wav",
]
