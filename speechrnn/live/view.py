"""The terminal view of what is heard: level, picture of the sound, posteriors, words."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from speechrnn.live.block import Block, Source
from speechrnn.live.history import History
from speechrnn.live.meter import Meter
from speechrnn.live.partial import Partial
from speechrnn.live.rows import DIM, Row, beside, filled, spread, tail, wrapped
from speechrnn.live.screen import Screen
from speechrnn.live.spectrogram import COLUMN_S, Spectrogram
from speechrnn.live.word_bars import WordBars
from speechrnn.runtime.clock import clock
from speechrnn.runtime.event import Event
from speechrnn.runtime.stream import Stream

_NOTICE_S = 20.0
_HISTORY_WIDTH = 30
_SENTENCES_WIDTH = 60  # of a history of sequences, where that is half the width or less
_LEAST_HISTORY = 4  # rows, where that is a third of the height or less
_NARROW = 64  # below, the history stands under the bars
_WIDE = 120  # from there on, the history stands beside all else
_LOW = 12  # below, no row is left blank
_LEAST_PICTURE_HEIGHT = 3
_HEARING = " hearing  "

_WARNING, _GOOD = Style(color="yellow"), Style(color="green")
_UNCERTAIN = Style(italic=True, dim=True)


class View:
    """Fills the terminal while entered; a listener."""

    leaves_room = False  # for what others print

    def __init__(self, title: str, source: Source, stream: Stream, console: Console) -> None:
        """Set up; `title` names the model."""
        self._title = title
        self._source = source
        self._stream = stream
        self._meter = Meter(source.sample_rate_hz)
        self._picture = Spectrogram(source.sample_rate_hz)
        self._bars = WordBars(stream.words, stream.thresholds)
        self._history = History(stream.words)
        self._partial = Partial()
        self._overflows = 0
        self._notice, self._notice_s = "", 0.0
        self._screen = Screen(self.rows, console)

    def __enter__(self) -> View:
        self._screen.__enter__()
        return self

    def __exit__(self, *fault: object) -> None:
        self._screen.__exit__(*fault)

    def heard(self, block: Block, events: list[Event]) -> None:
        """Take a block and the words that became certain by it; now and then draw anew."""
        if block.lost_s is not None:
            self._overflows += 1
            self._picture.skip(block.lost_s)
        self._meter.accept(block.samples)
        self._picture.accept(block.samples)
        passed_s = len(block.samples) / self._source.sample_rate_hz
        self._bars.accept(self._stream.posteriors, passed_s)
        self._partial.accept(self._stream.pending, events)
        for event in events:
            self._bars.hear(event.word)
            self._history.add(event)
        if block.notice:
            self.notice(block.notice)
        self._screen.refresh()

    def notice(self, text: str) -> None:
        """Show a line for a while."""
        self._notice, self._notice_s = text, self._stream.time_s

    def rows(self, width: int, height: int) -> list[Row]:
        """The whole view; what has no room is left out, the status last."""
        now_s = self._stream.time_s
        gap: list[Row] = [[]] if height >= _LOW else []
        title, time = f"speechrnn  {self._title}", f"{clock(now_s)[:-3]}  Ctrl-C ends"
        head = [spread(title, time, width), self._meter.row(width), *gap]
        partial = [self._partial_row(width)] if self._stream.reads_sequences else []
        foot = [*partial, *gap, self._status_row(width)]
        if self._notice and now_s - self._notice_s < _NOTICE_S:
            foot[:-1] = [*partial, *wrapped(self._notice, width, _WARNING, margin=1)]
        room = max(height - len(head) - len(foot), 0)
        history_width = width if width < _NARROW else self._history_width(width)
        left_width = width if width < _NARROW else width - history_width - 3
        history = self._history.rows(history_width, room, now_s)
        if width >= _WIDE:
            bars = self._bars.rows(left_width, room)
            picture = self._picture_rows(left_width, room - len(bars), now_s)
            body = beside([*picture, *bars], left_width, history)
        elif width >= _NARROW:
            bars = self._bars.rows(left_width, room)
            low = max(len(bars), min(room // 3, _LEAST_HISTORY))
            picture = self._picture_rows(width, room - low, now_s)
            body = [*picture, *beside(bars, left_width, history[: room - len(picture)])]
        else:
            bars = self._bars.rows(width, room * 2 // 3)
            picture = self._picture_rows(width, (room - len(bars)) * 2 // 3, now_s)
            body = [*picture, *bars, [], *history]
        return [*head, *filled(body, room), *foot][-height:]

    def _history_width(self, width: int) -> int:
        if not self._stream.reads_sequences:
            return _HISTORY_WIDTH
        return max(_HISTORY_WIDTH, min(width // 2, _SENTENCES_WIDTH))

    def _picture_rows(self, width: int, height: int, now_s: float) -> list[Row]:
        """The picture, the words below it and a blank row, or nothing where they are too low."""
        if height - 2 < _LEAST_PICTURE_HEIGHT:
            return []
        picture = self._picture.rows(width, height - 2, self._screen.coloured)
        return [*picture, self._history.marks(width, now_s, COLUMN_S), []]

    def _partial_row(self, width: int) -> Row:
        """What may still change: its end, where there is no room for all of it."""
        sign = "" if not self._partial.text else "… (changed)" if self._partial.changed else "…"
        room = width - cell_len(_HEARING + sign)
        text = tail(self._partial.text, room) + sign
        return [Segment(_HEARING, DIM), Segment(text, _UNCERTAIN)]

    def _status_row(self, width: int) -> Row:
        parts = [
            (self._source.name, DIM),
            (f"{self._source.sample_rate_hz / 1000:g} kHz", DIM),
            (f"latency {self._stream.latency_s:.2f} s", DIM),
            (
                f"{self._overflows} overflow{'s' * (self._overflows != 1)}",
                _WARNING if self._overflows else DIM,
            ),
            ("calibrated", _GOOD) if self._stream.calibrated else ("not calibrated", _WARNING),
        ]
        row = [Segment(" ")]
        for text, style in parts:
            row += [Segment(text, style), Segment(" · ", DIM)]
        return row[:-1]
