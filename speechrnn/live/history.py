"""The words that were recognised: as a list, and as marks below the picture of their sound."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from speechrnn.live.rows import BOLD, DIM, Row, wrapped
from speechrnn.runtime.clock import clock
from speechrnn.runtime.event import Event

_KEPT = 500
_FRESH_S = 2.0

_FRESH = Style(color="green", bold=True)


class History:
    """Keeps the latest recognised words."""

    def __init__(self, words: Sequence[str]) -> None:
        """Start empty; `words` is what may be said."""
        self._words = words
        self._events: deque[Event] = deque(maxlen=_KEPT)

    def add(self, event: Event) -> None:
        """Take a word that was just recognised."""
        self._events.append(event)

    def rows(self, width: int, height: int, now_s: float) -> list[Row]:
        """The latest words first, with time and confidence; sentences with what they mean."""
        if not self._events:
            said = f"Say {', '.join(self._words)}." if self._words else "Nothing heard yet."
            return wrapped(said, width, DIM)[:height]
        rows: list[Row] = []
        for event in list(self._events)[: -height - 1 : -1]:
            style = _FRESH if now_s - event.end_s < _FRESH_S else BOLD
            start = Segment(f"{clock(event.start_s)}  {event.confidence:4.0%}  ", DIM)
            margin = start.cell_length
            text = wrapped(event.word, width, style, margin)
            rows += [[start, Segment(text[0][0].text[margin:], style)], *text[1:]]
            rows += wrapped(event.meaning, width, DIM, margin) if event.meaning else []
        return rows[:height]

    def marks(self, width: int, now_s: float, column_s: float) -> Row:
        """Each word below the place where its sound began, now being at the right."""
        row: Row = []
        filled = 0
        for event in self._events:
            begin = max(width - round((now_s - event.start_s) / column_s), filled)
            text = f"╰{event.word} "
            if now_s - event.start_s > width * column_s or begin + cell_len(text) > width:
                continue
            row += [Segment(" " * (begin - filled)), Segment(text, _FRESH)]
            filled = begin + cell_len(text)
        return row
