"""The terminal, filled with rows that are drawn anew many times a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from rich.console import Console, ConsoleOptions
from rich.live import Live
from rich.segment import Segment

from speechrnn.live.rows import Row

_REFRESH_S = 1 / 15


class Screen:
    """Fills the terminal while entered, and gives it back as it was.

    Attributes:
        coloured: Whether it has the 256 colours.
    """

    def __init__(self, rows: Callable[[int, int], list[Row]], console: Console) -> None:
        """Set up.

        Args:
            rows: Gives what to draw, for a width and a height in cells.
            console: Writes to the terminal.
        """
        self.coloured = console.color_system not in (None, "standard")
        self._rows = rows
        self._drawn_s = 0.0
        self._live = Live(
            self,
            console=console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Screen:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def refresh(self) -> None:
        """Draw anew, unless that was done a moment ago."""
        if time.monotonic() - self._drawn_s > _REFRESH_S:
            self._live.refresh()
            self._drawn_s = time.monotonic()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        width, height = options.max_width, options.height or options.max_height
        for row in self._rows(width, height):
            yield from Segment.adjust_line_length(row, width)
            yield Segment.line()


def console_for_screen() -> Console | None:
    """A console for standard output, where that is a terminal which can be filled."""
    console = Console()
    can = console.is_terminal and not console.is_dumb_terminal
    return console if can and console.encoding.startswith("utf") else None
