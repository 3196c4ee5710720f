"""Rows of a terminal view, each a list of styled pieces of text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style

Row = list[Segment]

PLAIN, DIM, BOLD = Style(), Style(dim=True), Style(bold=True)

_EIGHTHS = " ▏▎▍▌▋▊▉"
_RULE = Segment(" │ ", DIM)


def bar(
    share: float, width: int, zones: Sequence[tuple[float, Style]], mark: float | None = None
) -> Row:
    """A bar that is filled from the left, exact to an eighth of a cell.

    Args:
        share: How far, 0 to 1.
        width: Cells in all.
        zones: Up to which share the bar has which style, ascending to 1.
        mark: Where a line crosses it, 0 to 1; none: nowhere.
    """
    eighths = round(min(max(share, 0.0), 1.0) * 8 * width)
    text = ("█" * (eighths // 8) + _EIGHTHS[eighths % 8])[:width].ljust(width)
    at = -1 if mark is None else min(int(mark * width), width - 1)
    row: Row = []
    begin = 0
    for end_share, style in zones:
        end = round(end_share * width)
        if begin <= at < end:
            line = style + Style(reverse=True) if text[at] != " " else DIM
            row += [Segment(text[begin:at], style), Segment("│", line)]
            begin = at + 1
        row.append(Segment(text[begin:end], style))
        begin = end
    return row


def spread(left: str, right: str, width: int) -> Row:
    """A title at the left end of a row and a remark at its right end."""
    between = max(width - cell_len(left) - cell_len(right) - 2, 1)
    return [Segment(f" {left}", BOLD), Segment(" " * between), Segment(f"{right} ", DIM)]


def beside(left: Sequence[Row], left_width: int, right: Sequence[Row]) -> list[Row]:
    """Two blocks of rows with a rule between them, which takes three cells."""
    nothing: Row = []
    return [
        [*Segment.adjust_line_length(one, left_width), _RULE, *other]
        for one, other in zip_longest(left, right, fillvalue=nothing)
    ]


def filled(rows: Sequence[Row], height: int) -> list[Row]:
    """Exactly `height` rows: the first ones, or blank ones after them."""
    return [*rows[:height], *([] for _ in range(height - len(rows)))]


def wrapped(text: str, width: int, style: Style, margin: int = 0) -> list[Row]:
    """A text in as many rows as it needs, with so many blanks before each."""
    room = max(width - margin, 1)
    lines = [""]
    for word in text.split():
        for piece in chop_cells(word, room):
            if lines[-1] and cell_len(lines[-1]) + 1 + cell_len(piece) > room:
                lines.append("")
            lines[-1] += f" {piece}" if lines[-1] else piece
    return [[Segment(" " * margin + line, style)] for line in lines]


def tail(text: str, width: int) -> str:
    """A text, or as much of its end as fits behind a sign."""
    start = 0
    while cell_len(text[start:]) + (start > 0) > width and start < len(text):
        start += 1
    return "…" * (start > 0) + text[start:]
