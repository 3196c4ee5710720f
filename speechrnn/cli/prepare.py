"""`speechrnn prepare`: a corpus in, Kaldi data directories out."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from speechrnn.cli.prepare_tts import prepare_tts
from speechrnn.errors import ConfigError

app = typer.Typer(no_args_is_help=True)
app.command("tts")(prepare_tts)


class Protocol(Enum):
    """How the Free Spoken Digit Dataset is split."""

    leave_one_out = "leave-one-out"
    index = "index"


class SpeechCommandsTask(Enum):
    """What is told apart in Speech Commands."""

    commands = "12"
    words_v1 = "30"
    words_v2 = "35"


@app.callback()
def _prepare() -> None:
    """Make Kaldi data directories of recordings or of a word list."""


@app.command()
def fsdd(
    corpus: Annotated[Path, typer.Option(help="Folder of the Free Spoken Digit Dataset.")],
    target: Annotated[Path, typer.Option(help="Folder to fill with data directories.")],
    protocol: Annotated[
        Protocol,
        typer.Option(help="fold_SPEAKER/{train,test}, or the corpus's own index/{train,test}."),
    ] = Protocol.leave_one_out,
    validation: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of each fold's training clips for valid.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the draw for valid.")] = 0,
    allow_shared_speakers: Annotated[
        bool,
        typer.Option("--allow-shared-speakers", help="Let a speaker stand on both sides."),
    ] = False,
) -> None:
    """Prepare the Free Spoken Digit Dataset."""
    from speechrnn.corpora import fsdd

    if protocol is Protocol.index:
        fsdd.prepare_index_split(corpus, target, allow_shared_speakers=allow_shared_speakers)
        folders = ["all", "index"]
    else:
        speakers = fsdd.prepare_folds(
            corpus,
            target,
            validation=validation,
            allow_shared_speakers=allow_shared_speakers,
            seed=seed,
        )
        folders = ["all", *(f"fold_{speaker}" for speaker in speakers)]
    print(f"{target}: {', '.join(folders)}")


@app.command()
def folder(
    corpus: Annotated[Path, typer.Option(help="Folder that holds a folder for each word.")],
    target: Annotated[Path, typer.Option(help="Folder to fill; the data directory is TARGET/all.")],
    speaker_pattern: Annotated[
        str | None, typer.Option(help="Speakers from file names: '{speaker}_nohash_*'.")
    ] = None,
    speakers_csv: Annotated[
        Path | None, typer.Option(help="Speakers from a table with the columns path,speaker.")
    ] = None,
    speaker: Annotated[str | None, typer.Option(help="The one person who speaks.")] = None,
) -> None:
    """Prepare recordings of your own; exits with 2 where some could not be read."""
    from speechrnn.cli.counting import counting
    from speechrnn.corpora.folder import count_recordings, prepare

    with counting("read", count_recordings(corpus)) as step:
        prepared = prepare(
            corpus,
            target,
            speaker_pattern=speaker_pattern,
            speakers_csv=speakers_csv,
            speaker=speaker,
            on_recording=step,
        )
    for note in prepared.notes:
        print(note)
    for fault in prepared.faults:
        print(f"left out: {fault}", file=sys.stderr)
    print(
        f"{target / 'all'}: {len(prepared.utterances)} utterances"
        + f", {len(prepared.faults)} left out" * bool(prepared.faults)
    )
    if prepared.faults:
        raise typer.Exit(2)


@app.command("speech-commands")
def speech_commands(
    corpus: Annotated[Path, typer.Option(help="Folder in the corpus's layout, WAV or FLAC.")],
    target: Annotated[Path, typer.Option(help="Folder to fill with data directories.")],
    task: Annotated[
        SpeechCommandsTask | None,
        typer.Option(help="Commands, unknown and silence; or all words of a version. Default: 12."),
    ] = None,
    words: Annotated[
        str | None, typer.Option(help="Instead of --task: yes,no,… against all other words.")
    ] = None,
    test_archive: Annotated[
        Path | None, typer.Option(help="The official test set, unpacked; becomes test_archive.")
    ] = None,
    allow_shared_speakers: Annotated[
        bool,
        typer.Option("--allow-shared-speakers", help="Let a speaker stand on both sides."),
    ] = False,
) -> None:
    """Prepare Google Speech Commands."""
    from speechrnn.corpora.speech_commands import TASKS, prepare, task_of_words

    if task is not None and words is not None:
        raise ConfigError("--task and --words exclude each other; leave one out")
    chosen = TASKS[task.value if task else "12"] if words is None else task_of_words(words)
    prepared = prepare(
        corpus,
        target,
        chosen,
        test_archive=test_archive,
        allow_shared_speakers=allow_shared_speakers,
    )
    print(f"{prepared.corpus}: {chosen.name}")
    for note in prepared.notes:
        print(note)
    for name, count in prepared.directories.items():
        print(f"{target / name}: {count} utterances")


@app.command()
def yesno(
    corpus: Annotated[Path, typer.Option(help="Folder of recordings such as 1_0_0_1_1_0_1_0.wav.")],
    target: Annotated[Path, typer.Option(help="Folder to fill with train and test.")],
    allow_shared_speakers: Annotated[
        bool,
        typer.Option("--allow-shared-speakers", help="Needed: one speaker, on both sides."),
    ] = False,
) -> None:
    """Prepare yesno, Kaldi's smallest corpus; the split is icefall's."""
    from speechrnn.corpora.yesno import prepare

    counts = prepare(corpus, target, allow_shared_speakers=allow_shared_speakers)
    for part, count in counts.items():
        print(f"{target / part}: {count} utterances")
