"""From the corpus's layout to Kaldi data directories."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from speechrnn.corpora.speech_commands.clips import PARTS, read_clips, split
from speechrnn.corpora.speech_commands.silence import noises, silences
from speechrnn.corpora.speech_commands.words import COMMANDS
from speechrnn.datadir import Utterance, write_datadir
from speechrnn.vocabulary import UNKNOWN

_SILENCE_SHARE = 0.1  # of the clips of commands


@dataclass(frozen=True)
class Prepared:
    """Utterances written, by the name of their data directory."""

    directories: dict[str, list[Utterance]]


def prepare(source: str | Path, target: str | Path) -> Prepared:
    """Write `target/{train,valid,test}` and `target/noise/{train,valid,test}`."""
    parts = split(source, read_clips(source))
    directories: dict[str, list[Utterance]] = {}
    for part in PARTS:
        utterances = [
            clip.utterance(clip.word if clip.word in COMMANDS else UNKNOWN) for clip in parts[part]
        ]
        commands = sum(utterance.text != UNKNOWN for utterance in utterances)
        utterances += silences(source, part, math.ceil(_SILENCE_SHARE * commands))
        directories[part] = utterances
        directories[f"noise/{part}"] = noises(source, part)
    for name, utterances in directories.items():
        write_datadir(Path(target) / name, utterances)
    return Prepared(directories)
