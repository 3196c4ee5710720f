"""speechrnn: small recurrent speech-command recognisers, trained from recordings or a word list.

The public names load on first use, so that importing the package costs nothing and running a
model never imports torch.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Event": "speechrnn.runtime.event",
    "Recognizer": "speechrnn.runtime.recognizer",
    "Stream": "speechrnn.runtime.stream",
    "Transcript": "speechrnn.runtime.transcript",
    "load_model": "speechrnn.runtime.recognizer",
    "SpeechRNNError": "speechrnn.errors",
}
__all__ = [
    "Event",
    "Recognizer",
    "SpeechRNNError",
    "Stream",
    "Transcript",
    "__version__",
    "load_model",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'speechrnn' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
