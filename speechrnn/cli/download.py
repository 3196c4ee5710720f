"""`speechrnn download`: get a public corpus."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


class Version(Enum):
    """Speech Commands as published."""

    v1 = "0.01"
    v2 = "0.02"


@app.callback()
def _download() -> None:
    """Get a public corpus; an interrupted download is gone on with."""


@app.command()
def fsdd(target: Annotated[Path, typer.Option(help="Folder to make.")]) -> None:
    """Get the Free Spoken Digit Dataset (CC BY-SA 4.0)."""
    from speechrnn.corpora import fsdd

    with _bar("fsdd") as progress:
        fsdd.download(target, progress=progress)
    print(target)


@app.command("speech-commands")
def speech_commands(
    target: Annotated[Path, typer.Option(help="Folder to make.")],
    version: Annotated[Version, typer.Option(help="2017: 30 words; 2018: 35 words.")] = (
        Version.v2
    ),
    test_set: Annotated[
        bool, typer.Option("--test-set", help="The official test set of 12 classes instead.")
    ] = False,
) -> None:
    """Get Google Speech Commands (CC BY 4.0)."""
    from speechrnn.corpora.speech_commands import download

    with _bar("speech-commands") as progress:
        download(target, version.value, test_set=test_set, progress=progress)
    print(target)


@app.command()
def yesno(target: Annotated[Path, typer.Option(help="Folder to make.")]) -> None:
    """Get yesno, Kaldi's smallest corpus (OpenSLR-1)."""
    from speechrnn.corpora.yesno import download

    with _bar("yesno") as progress:
        download(target, progress=progress)
    print(target)


@contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show bytes done while the block runs, where there is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
