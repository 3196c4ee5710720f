from __future__ import annotations

import sys
from types import ModuleType

import pytest

from speechrnn.errors import AudioError
from speechrnn.live.devices import InputDevice, find_device, input_devices


def test_only_what_can_be_recorded_from_is_listed(fake_sound) -> None:
    assert input_devices() == [
        InputDevice(1, "Laptop mic", "ALSA", 2, 48000, True),
        InputDevice(2, "USB mic", "ALSA", 1, 44100, False),
        InputDevice(3, "usb mic array", "ALSA", 8, 16000, False),
    ]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [(None, 1), ("2", 2), ("usb mic", 2), ("LAPTOP", 1), ("array", 3)],
)
def test_devices_go_by_index_name_or_part_of_it(fake_sound, wanted: str | None, index: int) -> None:
    assert find_device(wanted).index == index


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("mic", "'mic' fits several .*1 Laptop mic, 2 USB mic, 3 usb mic array.*give an index"),
        ("webcam", "'webcam': no such input device; there are 1 Laptop mic, 2 USB mic"),
        ("0", "'0': no such input device"),
        ("99", "'99': no such input device"),
    ],
)
def test_what_fits_no_device_or_several_is_refused(fake_sound, wanted: str, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        find_device(wanted)


def test_without_a_default_the_first_device_is_taken(fake_sound) -> None:
    fake_sound.default.device = (-1, -1)
    assert find_device(None).index == 1


def test_no_microphone_is_said(fake_sound) -> None:
    del fake_sound.devices[1:]
    with pytest.raises(AudioError, match=r"no microphone: .*plug one in"):
        find_device(None)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (OSError("PortAudio library not found"), "PortAudio library is missing.*libportaudio2"),
        (RuntimeError("Host error [PaErrorCode -9999]"), r"does not start \(Host error\); check"),
    ],
)
def test_a_sound_system_that_fails_is_said(monkeypatch, fault: Exception, message: str) -> None:
    class Finder:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise fault

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(AudioError, match=message):
        input_devices()
    assert not isinstance(sys.modules.get("sounddevice"), ModuleType)
