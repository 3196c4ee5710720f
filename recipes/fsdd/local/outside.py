"""Sounds outside a grammar, each heard by one of the networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from heard import hear, hear_wave

from speechrnn.corpora.tts.noises import KINDS, make_noise
from speechrnn.datadir import Utterance, read_datadir
from speechrnn.decoding.grammar.compiled import CompiledGrammar
from speechrnn.evaluation.material import read_negatives
from speechrnn.evaluation.sequences.hearing import SequenceHearing
from speechrnn.runtime.recognizer import Recognizer

_NOISES = 120
_NOISE_S = 3.0

ByFold = dict[str, list[SequenceHearing]]


def other_strings(ears: dict[str, Recognizer], data: Path, grammar: CompiledGrammar) -> ByFold:
    """The strings of 3 to 7 digits that are no sentence of the grammar."""
    return {
        speaker: hear(
            ear,
            (
                string
                for string in read_datadir(data / f"fold_{speaker}" / "strings")
                if grammar.interpret(string.text.split()) is None
            ),
        )
        for speaker, ear in ears.items()
    }


def noises(ears: dict[str, Recognizer]) -> ByFold:
    """Three seconds each of noise, hum or clicks, at levels from -60 to -20 dB."""
    random = np.random.default_rng(0)
    found: ByFold = {speaker: [] for speaker in ears}
    kinds = [kind for kind in KINDS if kind != "digital"]
    for number in range(_NOISES):
        speaker = list(ears)[number % len(ears)]
        ear = ears[speaker]
        samples = round(_NOISE_S * ear.info.sample_rate_hz)
        wave = make_noise(kinds[number % len(kinds)], samples, ear.info.sample_rate_hz, random)
        name = f"noise-{number}"
        utterance = Utterance(name, Path(name), name, "", name)
        found[speaker].append(hear_wave(ear, utterance, wave))
    return found


def other_speech(ears: dict[str, Recognizer], folder: Path) -> ByFold:
    """The recordings of a folder, dealt out to the networks in turn."""
    words = sorted({symbol for ear in ears.values() for symbol in ear.info.symbols})
    recordings = read_negatives(folder, words).utterances
    return {
        speaker: hear(ear, recordings[number :: len(ears)])
        for number, (speaker, ear) in enumerate(ears.items())
    }
