"""From the corpus's layout to Kaldi data directories."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from speechrnn.corpora.speech_commands.archives import read_test_archive
from speechrnn.corpora.speech_commands.clips import BACKGROUND, Clip, read_clips
from speechrnn.corpora.speech_commands.parts import PARTS, split
from speechrnn.corpora.speech_commands.protocols import (
    ALL_WORDS,
    TESTS,
    draw_by_chance,
    draw_by_speaker,
    tenth,
    write_zeros,
)
from speechrnn.corpora.speech_commands.silence import Stretch, silences, stretches
from speechrnn.corpora.speech_commands.tasks import COMMANDS, TASKS, Task
from speechrnn.datadir import Utterance, write_datadir
from speechrnn.datadir.speakers import check_disjoint
from speechrnn.errors import DataError
from speechrnn.vocabulary import SILENCE, UNKNOWN

MARKER = "corpus.json"  # what the data directories beside it were made of
_OFFICIAL = {(51088, 6798, 6835): "v0.01", (84843, 9981, 11005): "v0.02"}  # clips of each part


@dataclass(frozen=True)
class Prepared:
    """What came of a corpus.

    Attributes:
        directories: Utterances in each data directory.
        corpus: What it is to be called: an official version, or none.
        notes: What is odd about it, one line each.
    """

    directories: dict[str, int]
    corpus: str
    notes: list[str]


def prepare(
    source: str | Path,
    target: str | Path,
    task: Task = TASKS["12"],
    *,
    test_archive: str | Path | None = None,
    allow_shared_speakers: bool = False,
) -> Prepared:
    """Write `target/{train,valid,test}`, `target/noise/{train,valid,test}`, and `target/test_*`.

    Where the task rejects, all other words are there as `_unknown_`, and to a tenth of the
    number of commands seconds of noise as `_silence_`; utterance ids keep the word said. Each part
    has stretches of the noises that no other part has. `test_*` are other test lists, see
    `protocols.TESTS`; `target/corpus.json` says which.

    Args:
        source: Folder in the corpus's layout.
        target: Where data directories go.
        task: What is to be told apart.
        test_archive: The official test archive, unpacked; with the 12 classes only.
        allow_shared_speakers: Let a speaker stand in two parts.

    Raises:
        DataError: No such corpus, a word without training clips, a speaker in two parts, or faulty
            lists.
        AudioError: A recording cannot be read.
    """
    clips = read_clips(source)
    parts, notes = split(source, clips)
    _check_words(source, task, parts["train"])
    target = Path(target)
    directories: dict[str, list[Utterance]] = {}
    for part in PARTS:
        directories |= _of_part(source, part, parts, task, target)
    if test_archive is not None:
        if task.words != COMMANDS:
            raise DataError(f"{test_archive}: tests the 12 classes, not {task.name}; leave it out")
        directories["test_archive"] = read_test_archive(test_archive)
    if not allow_shared_speakers:
        _check_speakers(directories)
    passed_over = len(clips) - sum(clip.word in task.words for clip in clips)
    if passed_over and not task.rejects:
        notes.append(f"{source}: {passed_over} clips of other words than the {task.name} left out")
    corpus = _name(source, parts)
    _write(target, directories)
    tests = {name: held for name, held in TESTS.items() if name in directories}
    if not task.rejects:
        tests = {"test": ALL_WORDS}
    facts = {"corpus": corpus, "task": task.name, "tests": tests}
    (target / MARKER).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    counts = {name: len(utterances) for name, utterances in directories.items()}
    return Prepared(counts, corpus, notes)


def _of_part(
    source: str | Path, part: str, parts: Mapping[str, list[Clip]], task: Task, target: Path
) -> dict[str, list[Utterance]]:
    clips, noises = parts[part], stretches(source, part)
    directories = {f"noise/{part}": [noise.whole() for noise in noises]} if noises else {}
    said = [clip.utterance() for clip in clips if clip.word in task.words]
    if not task.rejects:
        return directories | {part: said}
    if not noises:
        raise DataError(f"{Path(source) / BACKGROUND}: no noises there to cut {SILENCE} from")
    others = [clip for clip in clips if clip.word not in task.words]
    silence = silences(noises, tenth(len(said)))
    directories[part] = said + [clip.utterance(UNKNOWN) for clip in others] + silence
    if part == "test":
        whole = [clip.word in task.words for members in parts.values() for clip in members]
        drawn = draw_by_chance(others, commands=sum(whole), others=len(whole) - sum(whole))
        directories |= _test_lists(said, others, drawn, noises, target)
    return directories


def _test_lists(
    said: list[Utterance],
    others: list[Clip],
    drawn: list[Clip],
    noises: list[Stretch],
    target: Path,
) -> dict[str, list[Utterance]]:
    count = tenth(len(said))
    few = [clip.utterance(UNKNOWN) for clip in draw_by_speaker(others, count)]
    zeros = write_zeros(target / "audio" / "zeros.wav", count)
    by_chance = [clip.utterance(UNKNOWN) for clip in drawn]
    of_each_noise = len(said) // 10 // len(noises)
    return {
        "test_tenth": said + few + silences(noises, count),
        "test_zeros": said + few + zeros,
        "test_speechbrain": said + by_chance + silences(noises, of_each_noise * len(noises)),
    }


def _check_words(source: str | Path, task: Task, train: list[Clip]) -> None:
    missing = [word for word in task.words if word not in {clip.word for clip in train}]
    if missing:
        raise DataError(
            f"{source}: no training clips of {', '.join(missing)}; choose --words that are there"
        )


def _check_speakers(directories: Mapping[str, list[Utterance]]) -> None:
    speakers = {
        name: {utterance.speaker for utterance in utterances}
        for name, utterances in directories.items()
        if name in ("train", "valid", "test", "test_archive")
    }
    for one, other in combinations(speakers, 2):
        if one in ("train", "valid"):
            check_disjoint(one, speakers[one], other, speakers[other])


def _name(source: str | Path, parts: Mapping[str, list[Clip]]) -> str:
    """What figures on the corpus are headed with, so that an excerpt's look like no other's."""
    counts = [len(parts[part]) for part in PARTS]
    version = _OFFICIAL.get((counts[0], counts[1], counts[2]))
    if version is not None:
        return f"Speech Commands {version}"
    sizes = " + ".join(f"{count:,}" for count in counts)
    return f"{Path(source).resolve().name} ({sizes} clips), not the official corpus"


def _write(target: Path, directories: Mapping[str, list[Utterance]]) -> None:
    (target / MARKER).unlink(missing_ok=True)
    for name in (*(f"noise/{part}" for part in PARTS), *TESTS):
        if name not in directories:
            shutil.rmtree(target / name, ignore_errors=True)  # of an earlier call
    for name, utterances in directories.items():
        write_datadir(target / name, utterances)
