"""`speechrnn data`: look after Kaldi data directories."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from speechrnn.cli.data_shard import shard
from speechrnn.cli.data_string import string

app = typer.Typer(no_args_is_help=True)

_SOURCE = typer.Argument(help="Kaldi data directory.", show_default=False)
_TARGET = typer.Argument(help="Where the result goes.", show_default=False)
_SEED = typer.Option(help="Of every random choice.")
_HEADERS_ONLY = typer.Option(
    "--headers-only", help="Do not decode recordings; NaN and cut flac files go unseen."
)


@app.callback()
def _data() -> None:
    """Validate, fix, cut, combine, split and shard Kaldi data directories; string words."""


app.command()(string)
app.command()(shard)


@app.command()
def validate(
    directories: Annotated[list[Path], _SOURCE],
    headers_only: Annotated[bool, _HEADERS_ONLY] = False,
) -> None:
    """Print every fault, one a line, and exit with 2 if there are any."""
    from speechrnn.cli.counting import counting
    from speechrnn.datadir import validate_datadir

    faulty = False
    for directory in directories:
        with counting(str(directory), _count_lines(directory / "wav.scp")) as step:
            faults = validate_datadir(directory, decode=not headers_only, on_recording=step)
        for fault in faults:
            print(fault)
        faulty = faulty or bool(faults)
        verdict = f"{len(faults)} fault{'s' * (len(faults) > 1)}" if faults else None
        print(f"{directory}: {verdict or _statistics(directory)}")
    if faulty:
        raise typer.Exit(2)


@app.command()
def fix(
    directory: Annotated[Path, _SOURCE], headers_only: Annotated[bool, _HEADERS_ONLY] = False
) -> None:
    """Sort, drop what lacks audio, text or speaker, and write spk2utt and utt2dur afresh."""
    from speechrnn.cli.counting import counting
    from speechrnn.datadir import fix_datadir

    with counting(str(directory), _count_lines(directory / "wav.scp")) as step:
        dropped = fix_datadir(directory, decode=not headers_only, on_recording=step)
    for fault in dropped:
        print(f"dropped: {fault}")
    print(f"{directory}: {_statistics(directory)}")


@app.command()
def subset(
    source: Annotated[Path, _SOURCE],
    target: Annotated[Path, _TARGET],
    speakers: Annotated[str | None, typer.Option(help="Only these, separated by commas.")] = None,
    words: Annotated[str | None, typer.Option(help="Only these texts, by commas.")] = None,
    per_speaker: Annotated[int | None, typer.Option(min=1, help="At most N of each.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="At most N in all.")] = None,
    seed: Annotated[int, _SEED] = 0,
) -> None:
    """Take a part of a data directory, at random where a number is given."""
    from speechrnn.datadir import subset_datadir

    subset_datadir(
        source,
        target,
        speakers=None if speakers is None else _listed(speakers),
        words=None if words is None else _listed(words),
        per_speaker=per_speaker,
        count=count,
        seed=seed,
    )
    print(f"{target}: {_statistics(target)}")


@app.command()
def combine(target: Annotated[Path, _TARGET], sources: Annotated[list[Path], _SOURCE]) -> None:
    """Put data directories together; the same utterance twice counts once."""
    from speechrnn.datadir import combine_datadirs

    combine_datadirs(sources, target)
    print(f"{target}: {_statistics(target)}")


@app.command()
def split(
    source: Annotated[Path, _SOURCE],
    target: Annotated[Path, _TARGET],
    parts: Annotated[
        str, typer.Option(help="Name and share of each part.")
    ] = "train=0.8,valid=0.1,test=0.1",
    seed: Annotated[int, _SEED] = 0,
    allow_shared_speakers: Annotated[
        bool, typer.Option("--allow-shared-speakers", help="Split without regard to speakers.")
    ] = False,
) -> None:
    """Split a data directory so that no speaker stands in two parts."""
    from speechrnn.datadir import split_at_random, split_by_speaker

    deal = split_at_random if allow_shared_speakers else split_by_speaker
    for part in deal(source, target, _shares(parts), seed):
        print(f"{target / part}: {_statistics(target / part)}")


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _shares(text: str) -> dict[str, float]:
    shares: dict[str, float] = {}
    for item in _listed(text):
        name, _, share = item.partition("=")
        if name in shares:
            raise typer.BadParameter(f"--parts: {name!r} stands there twice")
        try:
            shares[name] = float(share)
        except ValueError:
            raise typer.BadParameter(f"--parts: expected NAME=SHARE, got {item!r}") from None
    return shares


def _count_lines(path: Path) -> int:
    try:
        return path.read_bytes().count(b"\n")
    except OSError:
        return 0


def _statistics(directory: Path) -> str:
    from speechrnn.datadir import durations_s, read_datadir

    utterances = read_datadir(directory)
    facts = [
        (len(utterances), "utterance"),
        (len({utterance.speaker for utterance in utterances}), "speaker"),
        (len({utterance.text for utterance in utterances}), "different text"),
    ]
    counts = ", ".join(f"{count} {name}{'s' * (count != 1)}" for count, name in facts)
    minutes = sum(durations_s(directory).values()) / 60
    return f"{counts}, {minutes:.1f} min" if minutes else counts
