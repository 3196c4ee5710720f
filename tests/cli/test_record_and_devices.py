from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture
def sound(monkeypatch) -> SimpleNamespace:
    """Stands in for the module sounddevice: two microphones and a loudspeaker."""
    names = {"Laptop mic": 2, "USB mic": 1, "Speaker": 0}
    devices = [
        {
            "index": index,
            "name": name,
            "hostapi": 0,
            "max_input_channels": channels,
            "default_samplerate": 48000.0,
        }
        for index, (name, channels) in enumerate(names.items())
    ]
    sound = SimpleNamespace(
        PortAudioError=RuntimeError,
        default=SimpleNamespace(device=(1, 2)),
        devices=devices,
        query_devices=lambda: devices,
        query_hostapis=lambda: [{"name": "ALSA"}],
    )
    monkeypatch.setitem(sys.modules, "sounddevice", sound)
    return sound


def test_devices_are_listed_for_people_and_programs(speechrnn, sound) -> None:
    code, out, err = speechrnn("devices")
    assert (code, err) == (0, [])
    assert out == [
        "    0  Laptop mic   2 channels  48000 Hz  ALSA",
        "*   1  USB mic       1 channel  48000 Hz  ALSA",
    ]
    code, out, _ = speechrnn("devices", "--json")
    assert [json.loads(line) for line in out][1] == {
        "index": 1,
        "name": "USB mic",
        "host": "ALSA",
        "channels": 1,
        "sample_rate_hz": 48000,
        "is_default": True,
    }


def test_no_microphone_is_one_line(speechrnn, sound) -> None:
    del sound.devices[:2]
    code, out, err = speechrnn("devices")
    assert (code, out, len(err)) == (2, [], 1)
    assert err[0].startswith("speechrnn: no microphone: ") and "plug one in" in err[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["yes", "yes"], "'yes' is named twice"),
        ([" "], "a word to record is empty"),
        (["yes", "--speaker", " "], "--speaker: expected a name"),
        (["yes", "--out", "FILE"], "something else than a data directory"),
        (["yes", "--takes", "0"], "--takes"),
        (["yes", "--device", "webcam"], "no such input device; there are 0 Laptop mic, 1 USB mic"),
        ([], "'words'"),
    ],
)
def test_wrong_options_are_one_line_and_leave_nothing_behind(
    speechrnn, sound, tmp_path: Path, arguments: list[str], message: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    arguments = [str(file) if argument == "FILE" else argument for argument in arguments]
    code, out, err = speechrnn("record", "--out", tmp_path / "mine", "--speaker", "ann", *arguments)
    assert (code, out) == (2, [])
    assert len(err) == 1 and message in err[0]
    assert not (tmp_path / "mine").exists()
