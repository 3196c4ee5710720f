"""What a person who records words sees."""

from __future__ import annotations

from collections import deque

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from speechrnn.live.block import Block
from speechrnn.live.meter import Meter
from speechrnn.live.recording import Prompt
from speechrnn.live.rows import BOLD, DIM, Row, filled, spread, wrapped
from speechrnn.live.screen import Screen

_KEPT_LINES = 100
_LOW = 12  # below, no row is left blank
_STATES = {
    "paused": Style(color="yellow"),
    "listening": Style(color="green"),
    "recording": Style(color="red", bold=True),
}


class LinePrompter:
    """Prints each prompt and what happened on a line."""

    def __init__(self) -> None:
        self._asked = ""

    def __enter__(self) -> LinePrompter:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, block: Block, prompt: Prompt, state: str) -> None:
        """Ask, where this was not asked yet; see `recording.Prompter`."""
        if block.notice:
            self.say(block.notice)
        if prompt.id != self._asked:
            self.say(f"{prompt.number}/{prompt.total} say: {prompt.word}")
            self._asked = prompt.id

    def say(self, line: str) -> None:
        """Print a line; what was asked for is asked for again after it."""
        print(line, flush=True)
        self._asked = ""


class ScreenPrompter:
    """Fills the terminal while entered: the level, the word to say, and what happened before."""

    def __init__(self, title: str, sample_rate_hz: int, console: Console) -> None:
        """Set up; `title` names speaker and directory."""
        self._title = title
        self._meter = Meter(sample_rate_hz)
        self._prompt = Prompt("", "", 0, 0)
        self._state = "paused"
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._screen = Screen(self.rows, console)

    def __enter__(self) -> ScreenPrompter:
        self._screen.__enter__()
        return self

    def __exit__(self, *fault: object) -> None:
        self._screen.__exit__(*fault)

    def show(self, block: Block, prompt: Prompt, state: str) -> None:
        """Take a block, and draw; see `recording.Prompter`."""
        self._meter.accept(block.samples)
        self._prompt, self._state = prompt, state
        if block.notice:
            self.say(block.notice)
        self._screen.refresh()

    def say(self, line: str) -> None:
        """Put a line on top of the others."""
        self._lines.appendleft(line)

    def rows(self, width: int, height: int) -> list[Row]:
        """The whole view."""
        gap: list[Row] = [[]] if height >= _LOW else []
        place = f"{self._prompt.number}/{self._prompt.total}"
        enter = "begins" if self._state == "paused" else "pauses"
        keys = f" Enter {enter} · r last one again · s skip · q finish"
        rows: list[Row] = [
            spread(self._title, place, width),
            self._meter.row(width),
            *gap,
            *gap,
            _centred(self._prompt.word, width, BOLD + Style(reverse=True)),
            *gap,
            _centred(f"● {self._state}", width, _STATES[self._state]),
            *gap,
            *gap,
            *(row for line in self._lines for row in wrapped(line, width, DIM, margin=1)),
        ]
        return [*filled(rows, max(height - 1, 0)), [Segment(keys, DIM)]][-height:]


def _centred(text: str, width: int, style: Style) -> Row:
    text = f" {text} "
    return [Segment(" " * max((width - cell_len(text)) // 2, 0)), Segment(text, style)]
