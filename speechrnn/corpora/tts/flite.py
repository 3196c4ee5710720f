"""The flite program, where it is installed: five more voices, one process an utterance."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from speechrnn.corpora.tts.prompt import Prompt

_NOT_ENGLISH_WORDS = {"awb_time"}  # tells the time and nothing else


def voices() -> list[str]:
    """The voices compiled into flite; none where it is not installed."""
    program = shutil.which("flite")
    if program is None:
        return []
    listing = subprocess.run([program, "-lv"], capture_output=True, text=True, check=False).stdout
    return sorted(set(listing.partition(":")[2].split()) - _NOT_ENGLISH_WORDS)


def speak(prompts: Sequence[Prompt]) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Speech (S,) and its sample rate for each prompt; no samples where flite made none."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        for prompt in prompts:
            path.unlink(missing_ok=True)
            arguments = ["flite", "-voice", prompt.voice, "-t", prompt.text, "-o", str(path)]
            settings = {"duration_stretch": prompt.stretch, "f0_shift": prompt.pitch_factor}
            for name, value in settings.items():
                arguments += ["--setf", f"{name}={value:.3f}"]
            subprocess.run(arguments, capture_output=True, check=False)
            yield read(path)


def read(path: Path) -> tuple[NDArray[np.float32], int]:
    """A synthesiser's file as (S,) and sample rate; no samples where it wrote none."""
    try:
        wave, rate = soundfile.read(path, dtype="float32")
    except soundfile.LibsndfileError:
        return np.zeros(0, np.float32), 16000
    return wave, int(rate)
