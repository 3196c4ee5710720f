"""The sound devices that can be recorded from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from speechrnn.errors import AudioError


@dataclass(frozen=True)
class InputDevice:
    """A sound device with at least one input channel.

    Attributes:
        index: Its number; may change when devices come and go.
        name: Its name.
        host: The sound system it belongs to.
        channels: Its input channels.
        sample_rate_hz: The rate it runs at by itself.
        is_default: Whether it is taken where none is named.
    """

    index: int
    name: str
    host: str
    channels: int
    sample_rate_hz: int
    is_default: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def sound_library() -> Any:
    """The module sounddevice, which needs a library of the system.

    Raises:
        AudioError: That library is missing, or does not start.
    """
    try:
        import sounddevice
    except OSError:
        raise AudioError(
            "the PortAudio library is missing, which reads microphones; install it: "
            "on Debian or Ubuntu 'apt-get install libportaudio2', on Fedora 'dnf install portaudio'"
        ) from None
    except Exception as fault:  # PortAudio's own kind, which only that module could name
        raise AudioError(f"the sound system does not start ({reason(fault)}); check it") from None
    return sounddevice


def input_devices() -> list[InputDevice]:
    """The devices that can be recorded from, by index.

    Raises:
        AudioError: There is none, or no PortAudio library.
    """
    library = sound_library()
    try:
        devices, hosts = library.query_devices(), library.query_hostapis()
    except library.PortAudioError as fault:
        raise AudioError(f"sound devices cannot be listed ({reason(fault)})") from None
    default = library.default.device[0]
    found = [
        InputDevice(
            index=int(device["index"]),
            name=" ".join(device["name"].split()),
            host=hosts[device["hostapi"]]["name"],
            channels=int(device["max_input_channels"]),
            sample_rate_hz=round(device["default_samplerate"]),
            is_default=device["index"] == default,
        )
        for device in devices
        if device["max_input_channels"] > 0
    ]
    if not found:
        raise AudioError(
            "no microphone: no sound device here has an input; plug one in, or start the sound "
            "server (in a container, or far away over ssh, there is none)"
        )
    return found


def find_device(wanted: str | None) -> InputDevice:
    """The device of this index or name, or whose name holds this text; none: the default one.

    Raises:
        AudioError: No such device, or several; or there is none at all.
    """
    devices = input_devices()
    if wanted is None:
        return next((device for device in devices if device.is_default), devices[0])
    if wanted.isdecimal():
        chosen = [device for device in devices if device.index == int(wanted)]
    else:
        lower = wanted.lower()
        chosen = [device for device in devices if device.name.lower() == lower] or [
            device for device in devices if lower in device.name.lower()
        ]
    if len(chosen) == 1:
        return chosen[0]
    listed = ", ".join(f"{device.index} {device.name}" for device in chosen or devices)
    if chosen:
        raise AudioError(f"--device {wanted!r} fits several ({listed}); give an index")
    raise AudioError(f"--device {wanted!r}: no such input device; there are {listed}")


def reason(fault: Exception) -> str:
    """What PortAudio says, without its codes."""
    return str(fault).partition(" [PaErrorCode")[0].removeprefix("Error opening InputStream: ")
