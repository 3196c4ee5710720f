"""Test lists, each by its name: what the field calls 12 classes are lists that differ."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np

from speechrnn.audio import write_wav
from speechrnn.corpora.speech_commands.clips import Clip
from speechrnn.corpora.speech_commands.silence import noise_speaker
from speechrnn.datadir import Utterance
from speechrnn.vocabulary import SILENCE

# Data directories to test on, and what each holds; figures on one are not those on another.
TESTS = {
    "test": "all test clips, a tenth as much noise as commands",
    "test_tenth": "a tenth as many other words as commands, as much noise (Warden)",
    "test_zeros": "a tenth as many other words as commands, as much digital silence (BC-ResNet)",
    "test_speechbrain": "a tenth as many other words, drawn by chance, as much noise (SpeechBrain)",
    "test_archive": "the official test archive",
}
ALL_WORDS = "all test clips of these words (torchaudio, SpeechBrain)"  # where nothing is rejected
_ZEROS_HZ = 16000


def tenth(count: int) -> int:
    """A tenth, rounded up as Warden does."""
    return math.ceil(count / 10)


def draw_by_speaker(clips: Sequence[Clip], count: int) -> list[Clip]:
    """Draw clips at random, the same at every call: one of each speaker, then a second, …"""
    of_speaker: dict[str, list[Clip]] = defaultdict(list)
    for clip in random.Random(0).sample(clips, len(clips)):
        of_speaker[clip.speaker].append(clip)
    turns = zip_longest(*of_speaker.values())
    return [clip for turn in turns for clip in turn if clip is not None][:count]


def draw_by_chance(clips: Sequence[Clip], others: int, commands: int) -> list[Clip]:
    """Draw clips of other words by the rule of SpeechBrain's recipe, the same at every call.

    Each clip is taken or not by itself, with the chance that leaves a tenth as many other words as
    commands in the whole corpus; in one part there may be more or fewer.

    Args:
        clips: A part's clips of other words.
        others: Clips of other words in all parts.
        commands: Clips of commands in all parts.
    """
    draws = random.Random(0)
    chance = commands / 10 / others if others else 0.0
    return [clip for clip in clips if draws.random() < chance]


def write_zeros(path: Path, count: int) -> list[Utterance]:
    """A second of digital silence in a file of its own, `count` times."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, np.zeros(_ZEROS_HZ), _ZEROS_HZ)
    speaker = noise_speaker("test")
    return [
        Utterance(f"{speaker}-zeros-{i:05d}", path.absolute(), speaker, SILENCE, "zeros", 0.0)
        for i in range(count)
    ]
