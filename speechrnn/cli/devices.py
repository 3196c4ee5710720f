"""`speechrnn devices`: what can be listened to."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def devices(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List the microphones: index, name, channels and rate; * marks the default."""
    from speechrnn.live.devices import input_devices

    found = input_devices()
    if as_json:
        for device in found:
            print(json.dumps(device.as_dict(), ensure_ascii=False))
        return
    width = max(len(device.name) for device in found)
    for device in found:
        mark = "*" if device.is_default else " "
        channels = f"{device.channels} channel{'s' * (device.channels > 1)}"
        print(
            f"{mark} {device.index:3}  {device.name:<{width}}  {channels:>11}  "
            f"{device.sample_rate_hz} Hz  {device.host}"
        )
