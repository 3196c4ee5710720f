from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.errors import AudioError
from speechrnn.live import playback
from speechrnn.live.playback import Playback


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(playback, "time", clock)
    return clock


@pytest.mark.parametrize(("suffix", "rate_hz"), [("wav", 44100), ("flac", 8000), ("ogg", 48000)])
def test_a_block_comes_when_it_would_have_been_recorded(
    clock: Clock, tone, tmp_path: Path, suffix: str, rate_hz: int
) -> None:
    path = tmp_path / f"tone.{suffix}"
    wave = tone(440, 1.01, rate_hz=rate_hz)
    soundfile.write(path, wave, rate_hz)
    source = Playback(path)
    assert (source.name, source.sample_rate_hz) == (path.name, rate_hz)
    played = []
    for block in source.blocks():
        played.append(block.samples)
        heard_s = sum(map(len, played)) / rate_hz
        assert clock.now_s == pytest.approx(1000.0 + heard_s)
        assert len(block.samples) <= rate_hz / 50
    assert len(np.concatenate(played)) == len(wave)
    if suffix != "ogg":
        np.testing.assert_allclose(np.concatenate(played), wave, atol=1e-4)


def test_what_was_late_is_made_up_for(clock: Clock, tone, tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(440, 2.0), 16000)
    blocks = Playback(path).blocks()
    next(blocks)
    clock.now_s += 1.0  # the program was stopped for a while
    for _ in blocks:
        pass
    assert clock.now_s == pytest.approx(1002.0)


def test_what_is_no_audio_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.wav"
    path.write_text("no audio at all")
    with pytest.raises(AudioError, match=r"notes\.wav: not audio"):
        Playback(path)
