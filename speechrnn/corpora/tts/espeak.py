"""The espeak-ng library through ctypes; only a worker process may load it.

It keeps its state in C globals: one instance a process, never from several threads. espeak-ng is
GPL-3, so speechrnn neither ships nor requires it; it comes with the extra `tts`
(espeakng-loader) or with an espeak-ng that the system has.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from speechrnn.corpora.tts.prompt import Prompt
from speechrnn.errors import DataError

_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_UTF8 = 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_SEPARATE_PHONEMES = ord("_") << 8
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)
REMEDY = "pip install 'speechrnn[tts]', or install espeak-ng with the system's package manager"


class Espeak:
    """The one espeak-ng of this process, in synchronous mode.

    Raises:
        DataError: No library, or it cannot start.
    """

    def __init__(self) -> None:
        library, data = _locate()
        try:
            self._library = ctypes.CDLL(library)
        except OSError as fault:
            raise DataError(f"{library}: cannot be loaded ({fault}); {REMEDY}") from None
        self._library.espeak_Info.restype = ctypes.c_char_p
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        path = os.fsencode(data) if data else None
        self.sample_rate_hz = int(
            self._library.espeak_Initialize(_SYNCHRONOUS, 0, path, _DONT_EXIT)
        )
        if self.sample_rate_hz <= 0:
            raise DataError(f"{library}: espeak-ng found no data at {data}; {REMEDY}")
        if hasattr(self._library, "espeak_ng_SetRandSeed"):  # since 1.52; else the clock's
            self._library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        self._blocks: list[NDArray[np.int16]] = []
        self._callback = _CALLBACK(self._collect)  # the library keeps only a bare pointer
        self._library.espeak_SetSynthCallback(self._callback)
        where = ctypes.c_char_p()
        self._library.espeak_Info(ctypes.byref(where))
        self._data = Path(os.fsdecode(where.value or b""))

    def accents(self) -> list[str]:
        """English voices in Latin letters: `en` (British), `en-us`, `en-gb-scotland`, …"""
        files = (self._data / "lang").glob("*/en*")
        return sorted(file.name.lower() for file in files if "shaw" not in file.name.lower())

    def variants(self) -> list[str]:
        """What may follow `+` after an accent: other throats for the same accent."""
        return sorted(file.name for file in (self._data / "voices" / "!v").iterdir())

    def phonemes(self, text: str, accent: str) -> list[str]:
        """Phoneme mnemonics of `text`, stress marks included; empty where nothing is spoken."""
        self._choose(accent)
        source = ctypes.c_char_p(text.encode())
        position = ctypes.cast(source, ctypes.c_void_p)
        spoken: list[str] = []
        while position.value:
            clause = self._library.espeak_TextToPhonemes(
                ctypes.byref(position), _UTF8, _SEPARATE_PHONEMES
            )
            for word in (clause or b"").decode(errors="replace").split():
                spoken += [phoneme for phoneme in word.split("_") if phoneme]
        return spoken

    def say(self, prompt: Prompt) -> NDArray[np.float32]:
        """Speech at `sample_rate_hz`: (S,)."""
        self._choose(prompt.voice)
        for parameter, value in (
            (_RATE, prompt.rate_wpm),
            (_VOLUME, prompt.volume),
            (_PITCH, prompt.pitch),
            (_RANGE, prompt.pitch_range),
        ):  # they outlive a change of voice, so none may be left as it was
            self._library.espeak_SetParameter(parameter, value, 0)
        text = prompt.text.encode() + b"\0"
        self._blocks.clear()
        failed = self._library.espeak_Synth(text, len(text), 0, 0, 0, _UTF8, None, None)
        if failed:
            raise DataError(f"espeak-ng: error {failed} on {prompt.text!r} in {prompt.voice}")
        blocks = self._blocks or [np.zeros(0, np.int16)]
        return np.concatenate(blocks).astype(np.float32) / 32768.0

    def _choose(self, voice: str) -> None:
        accent, _, variant = voice.partition("+")
        # The library ignores a variant that it doesn't have.
        if variant and not (self._data / "voices" / "!v" / variant).is_file():
            raise DataError(f"espeak-ng: no variant {variant!r} in {self._data}")
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise DataError(f"espeak-ng: no voice {accent!r} in {self._data}")

    def _collect(self, wave: ctypes._Pointer[ctypes.c_short], samples: int, _events: int) -> int:
        if wave and samples > 0:
            self._blocks.append(np.ctypeslib.as_array(wave, (samples,)).copy())
        return 0


def speak(prompts: Sequence[Prompt]) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Speech (S,) and its sample rate for each prompt."""
    espeak = Espeak()
    for prompt in prompts:
        yield espeak.say(prompt), espeak.sample_rate_hz


def _locate() -> tuple[str, str | None]:
    try:
        import espeakng_loader
    except ImportError:
        library = ctypes.util.find_library("espeak-ng")
        if library is None:
            raise DataError(f"speech synthesis needs espeak-ng; {REMEDY}") from None
        return library, None
    return espeakng_loader.get_library_path(), espeakng_loader.get_data_path()
