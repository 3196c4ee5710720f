"""`speechrnn models`: what comes with the package."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from speechrnn.errors import ConfigError

if TYPE_CHECKING:
    from speechrnn.runtime.packaged import Card

ModelName = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|NAME",
        help="A model that 'speechrnn export' wrote, or one of 'speechrnn models'; "
        "default: commands.",
    ),
]


def models(
    name: Annotated[str | None, typer.Argument(help="Show the card of this one.")] = None,
    copy: Annotated[
        Path | None, typer.Option(help="With a name: write it to a file of yours, to calibrate it.")
    ] = None,
) -> None:
    """List the models that come with the package, or show the card of one."""
    from speechrnn.runtime.packaged import packaged_models, read_card

    found = packaged_models()
    if name is None:
        if copy is not None:
            raise ConfigError("--copy: no model named; say which, as in: speechrnn models commands")
        _list(found)
        return
    if name not in found:
        known = ", ".join(found) or "none"
        raise ConfigError(f"{name}: no model of this installation; it has {known}")
    if copy is None:
        _show(read_card(found[name]))
        return
    if copy.exists():
        raise ConfigError(f"{copy}: is there already; give --copy another name")
    shutil.copyfile(found[name], copy)
    print(f"{copy}: {name}, {copy.stat().st_size / 1e6:.2f} MB")


def _list(found: dict[str, Path]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not found:
        console.print("none came with this installation")
    for name, path in found.items():
        console.print(name, style="bold")
        table = Table.grid(padding=(0, 2), pad_edge=True)
        for row in _facts(path):
            table.add_row("", *row)
        console.print(table)


def _facts(path: Path) -> Iterator[tuple[str, str]]:
    from speechrnn.runtime.model_file import open_model
    from speechrnn.runtime.packaged import read_card
    from speechrnn.runtime.posteriors import window_frames

    _, info = open_model(path)
    facts = read_card(path).facts
    yield "hears", " ".join(info.words)
    yield "file", f"{info.file_bytes / 1e6:.2f} MB, {info.sample_rate_hz} Hz"
    yield "accuracy", facts.get("accuracy", "not measured")
    if info.operating_point is None:
        yield "live", "not calibrated"
    else:
        frames = sum(window_frames(info, info.operating_point))
        latency_ms = frames * info.hop_ms + 1000 * info.grid.right_samples / info.sample_rate_hz
        yield "live", f"{facts.get('live', 'not measured')}; up to {latency_ms:g} ms late"
    yield "licence", facts.get("license", "not said")


def _show(card: Card) -> None:
    if not sys.stdout.isatty():
        print(card.text, end="")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(card.text))
