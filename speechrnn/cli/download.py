"""`speechrnn download`: get a public corpus."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _download() -> None:
    """Get a public corpus; an interrupted download is gone on with."""


@app.command()
def fsdd(target: Annotated[Path, typer.Option(help="Folder to make.")]) -> None:
    """Get the Free Spoken Digit Dataset (CC BY-SA 4.0)."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    from speechrnn.corpora import fsdd

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task("fsdd", total=None)
        fsdd.download(
            target, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    print(target)
