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
_PHONEMES = 0x100
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_SEPARATE_PHONEMES = ord("_") << 8
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)
_FOREIGN = (
    *("cs", "da", "de", "el", "es", "fr", "hi", "hu", "it"),
    *("nb", "nl", "pl", "pt", "ro", "ru", "sv", "tr"),
)
# What a language without an English phoneme says instead; spelt as espeak's mnemonics.
_INSTEAD = {
    "0": "O", "3": "@", "3:": "@", "A:": "a", "A@": "a", "E": "e", "I": "i", "I#": "I", "I2": "I",
    "O": "o", "O2": "O", "O:": "O", "O@": "O", "OI": "O I", "U": "u", "U@": "u", "V": "a",
    "a#": "@", "aI": "a I", "aI3": "aI @", "aI@": "aI @", "aU": "a U", "aa": "a", "e@": "e",
    "eI": "e I", "i:": "i", "i@": "i @", "i@3": "i @", "o@": "O", "oU": "o", "t#": "t", "t2": "t",
    "u:": "u", "@L": "@ l", "@-": "@", "n-": "n", ";": "",
}  # fmt: skip
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

    def foreign_accents(self) -> list[str]:
        """Languages whose sounds can say English words, with an accent."""
        names = {file.name for file in (self._data / "lang").glob("*/*")}
        return [language for language in _FOREIGN if language in names]

    def variants(self) -> list[str]:
        """What may follow `+` after an accent: other throats for the same accent."""
        return sorted(file.name for file in (self._data / "voices" / "!v").iterdir())

    def phonemes(self, text: str, accent: str) -> list[str]:
        """Phoneme mnemonics of `text`, stress marks included; empty where nothing is spoken."""
        self._choose(accent)
        return [phoneme for word in self._spell(text) for phoneme in word]

    def say(self, prompt: Prompt) -> NDArray[np.float32]:
        """Speech at `sample_rate_hz`: (S,). A language other than English lends its sounds."""
        text, flags = prompt.text, _UTF8
        if not prompt.voice.startswith("en"):
            text, flags = (
                self._in_sounds_of(prompt.voice.partition("+")[0], text),
                _UTF8 | _PHONEMES,
            )
        self._choose(prompt.voice)
        for parameter, value in (
            (_RATE, prompt.rate_wpm),
            (_VOLUME, prompt.volume),
            (_PITCH, prompt.pitch),
            (_RANGE, prompt.pitch_range),
        ):  # they outlive a change of voice, so none may be left as it was
            self._library.espeak_SetParameter(parameter, value, 0)
        return self._synthesise(text, flags)

    def _synthesise(self, text: str, flags: int) -> NDArray[np.float32]:
        source = text.encode() + b"\0"
        self._blocks.clear()
        failed = self._library.espeak_Synth(source, len(source), 0, 0, 0, flags, None, None)
        if failed:
            raise DataError(f"espeak-ng: error {failed} on {text!r}")
        blocks = self._blocks or [np.zeros(0, np.int16)]
        return np.concatenate(blocks).astype(np.float32) / 32768.0

    def _spell(self, text: str) -> list[list[str]]:
        """Phonemes of each word in the voice chosen."""
        source = ctypes.c_char_p(text.encode())
        position = ctypes.cast(source, ctypes.c_void_p)
        words: list[list[str]] = []
        while position.value:
            clause = self._library.espeak_TextToPhonemes(
                ctypes.byref(position), _UTF8, _SEPARATE_PHONEMES
            )
            for word in (clause or b"").decode(errors="replace").split():
                words.append([phoneme for phoneme in word.split("_") if phoneme])
        return words

    def _in_sounds_of(self, language: str, text: str) -> str:
        self._choose("en-us")
        words = self._spell(text)
        self._choose(language)
        self._synthesise("", _UTF8 | _PHONEMES)  # from here on text in [[ ]] is phonemes
        spelt = ["".join(self._nearest(phoneme) for phoneme in word) for word in words]
        return " ".join(f"[[{word}]]" for word in spelt)

    def _nearest(self, phoneme: str) -> str:
        """The phoneme, or what the language chosen has instead of it."""
        sound = phoneme.lstrip("',%=|")
        stress = phoneme[: len(phoneme) - len(sound)]
        if sound[1:] not in ("2", "#", "-"):  # those mark variants that are English alone
            kept = "".join(part for word in self._spell(f"[[{sound}]]") for part in word)
            # Where a mnemonic is unknown, all from there on is missing.
            if kept and (kept == sound or not sound.startswith(kept)):
                return phoneme
        return stress + "".join(self._nearest(part) for part in _INSTEAD.get(sound, "").split())

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
