from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest

from speechrnn.errors import AudioError
from speechrnn.live import microphone
from speechrnn.live.block import Block
from speechrnn.live.devices import find_device
from speechrnn.live.microphone import Microphone

RATE_HZ = 48000


@pytest.fixture
def opened(fake_sound, monkeypatch):
    """The laptop's microphone and the stream that the test delivers audio to."""
    monkeypatch.setattr(microphone, "_WAIT_S", 0.01)
    monkeypatch.setattr(microphone, "_STALL_S", 0.05)
    with Microphone(find_device(None)) as source:
        yield source, fake_sound.opened[-1]


def take(source: Microphone, count: int) -> list[Block]:
    blocks: Iterator[Block] = source.blocks()
    return [next(blocks) for _ in range(count)]


def ramp(count: int, start: int = 1) -> np.ndarray:
    return np.arange(start, start + count, dtype=np.float32) / 1e6


def test_it_runs_at_the_devices_own_rate(opened) -> None:
    source, stream = opened
    assert (source.name, source.sample_rate_hz) == ("Laptop mic", RATE_HZ)
    assert stream.settings["samplerate"] == RATE_HZ
    assert (stream.settings["device"], stream.settings["channels"]) == (1, 1)


def test_audio_comes_as_it_was_delivered_and_nothing_while_none_comes(opened) -> None:
    source, stream = opened
    stream.deliver(ramp(960))
    stream.deliver(ramp(960, 961))
    blocks = take(source, 3)
    np.testing.assert_array_equal(np.concatenate([b.samples for b in blocks]), ramp(1920))
    assert [len(block.samples) for block in blocks] == [960, 960, 0]
    assert all(block.lost_s is None and not block.notice for block in blocks)


def test_lost_audio_is_measured_by_the_devices_clock_and_said(opened) -> None:
    source, stream = opened
    stream.deliver(ramp(960))
    stream.deliver(ramp(960), after_s=0.5, overflow=True)
    stream.deliver(ramp(960), after_s=0.01)  # jitter
    stream.deliver(ramp(960), after_s=2.0)  # a gap that nobody marked
    stream.deliver(ramp(960), after_s=-0.01, overflow=True)  # nobody knows how much
    blocks = take(source, 5)
    assert [block.lost_s for block in blocks] == [
        None,
        pytest.approx(0.5),
        None,
        pytest.approx(2.0),
        0.0,
    ]
    notices = [block.notice for block in blocks]
    assert notices[1].startswith("audio was lost, 0.50 s so far")
    assert notices[3].startswith("audio was lost, 2.50 s so far")
    assert not any(notices[::2])  # once it is told often enough


def test_a_busy_program_loses_the_newest_audio_and_knows_how_much(opened) -> None:
    source, stream = opened
    for _ in range(600):  # 12 s; 10 s are kept
        stream.deliver(ramp(960))
    blocks = source.blocks()
    for _ in range(500):
        assert next(blocks).lost_s is None
    stream.deliver(ramp(960))
    assert next(blocks).lost_s == pytest.approx(2.0)


def test_a_muted_microphone_is_said_once(opened) -> None:
    source, stream = opened
    for _ in range(200):
        stream.deliver(np.zeros(960))
    stream.deliver(ramp(960))
    for _ in range(200):
        stream.deliver(np.zeros(960))
    notices = [block.notice for block in take(source, 401)]
    assert [bool(notice) for notice in notices].index(True) == 149  # 3 s
    assert "'Laptop mic' delivers only zeros: unmute it" in notices[149]
    assert notices.count("") == 400


def test_what_came_before_the_microphone_was_pulled_out_is_heard(opened) -> None:
    source, stream = opened
    stream.deliver(ramp(960))
    stream.end()
    blocks = source.blocks()
    assert len(next(blocks).samples) == 960
    with pytest.raises(AudioError, match=r"'Laptop mic' is gone.*connect it"):
        next(blocks)


def test_a_microphone_that_falls_silent_altogether_is_gone(opened) -> None:
    source, _ = opened
    with pytest.raises(AudioError, match="'Laptop mic' is gone"):
        take(source, 100)


def test_a_busy_device_is_one_line(fake_sound) -> None:
    fake_sound.refusal = "Error opening InputStream: Device unavailable [PaErrorCode -9985]"
    with (
        pytest.raises(AudioError, match=r"'USB mic' cannot be opened \(Device unavailable\); end"),
        Microphone(find_device("2")),
    ):
        pass


def test_libraries_do_not_print_meanwhile(fake_sound, capfd) -> None:
    """ALSA's and PortAudio's messages spoiled the live view."""
    with Microphone(find_device(None)):
        os.write(2, b"Expression 'x' failed\n")
    os.write(2, b"ours\n")
    assert capfd.readouterr().err == "ours\n"
    assert not fake_sound.opened[-1].is_open
