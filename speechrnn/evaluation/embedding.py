"""Sounds and pictures inside a page, so that it needs nothing else."""

from __future__ import annotations

import base64
from io import BytesIO

import soundfile

from speechrnn.datadir import Utterance, load_wave


def sound_address(utterance: Utterance, sample_rate_hz: int) -> str:
    """An utterance as the address of a WAV.

    Raises:
        AudioError: It cannot be read.
    """
    file = BytesIO()
    wave = load_wave(utterance, sample_rate_hz)
    soundfile.write(file, wave, sample_rate_hz, format="WAV", subtype="PCM_16")
    return _data_address("audio/wav", file.getvalue())


def picture_address(png: bytes) -> str:
    """A PNG as an address."""
    return _data_address("image/png", png)


def _data_address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
