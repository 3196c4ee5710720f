"""A bar on the terminal for work that is counted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting(label: str, total: int, shown: bool = True) -> Iterator[Callable[[], None]]:
    """Show a bar while the block runs, where there is a terminal; gives a call for each step."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not (shown and sys.stderr.isatty())
    ) as bar:
        task = bar.add_task(label, total=total)
        yield lambda: bar.advance(task)
