"""What the network thinks of each word now, as bars with the thresholds on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from speechrnn.live.rows import BOLD, DIM, PLAIN, Row, bar

_FALL_S = 4.0  # posteriors a second by which bars fall, so that short peaks are seen
_SHOW_HEARD_S = 1.0
_WIDEST_WORD = 16
_MARGIN = 8  # cells around a bar
_COLUMN_WIDTH = 60  # for a word, where there is room
_LEAST_BAR_WIDTH = 10

_BELOW, _ABOVE = Style(color="cyan"), Style(color="green")
_HEARD = Style(color="black", bgcolor="green", bold=True)


class WordBars:
    """A bar for each word, which jumps up and falls slowly."""

    def __init__(self, words: Sequence[str], thresholds: Mapping[str, float]) -> None:
        """Start at zero."""
        self._words = words
        self._thresholds = [thresholds[word] for word in words]
        self._shown = np.zeros(len(words))
        self._heard_age_s = np.full(len(words), _SHOW_HEARD_S)

    def accept(self, posteriors: np.ndarray, passed_s: float) -> None:
        """Take (W,) posteriors, so many seconds of audio after the last ones."""
        self._shown = np.maximum(posteriors, self._shown - _FALL_S * passed_s)
        self._heard_age_s += passed_s

    def hear(self, text: str) -> None:
        """Mark a word that was just recognised, or the words of a sentence."""
        heard = [text] if text in self._words else text.split()
        for index, word in enumerate(self._words):
            if word in heard:
                self._heard_age_s[index] = 0.0

    def rows(self, width: int, height: int) -> list[Row]:
        """The bars in columns; where there is no room for all words, of the likeliest."""
        if not self._words:
            return []
        name_width = min(max(map(cell_len, self._words)), _WIDEST_WORD)
        columns = max(width // _COLUMN_WIDTH, -(-len(self._words) // max(height, 1)))
        columns = max(min(columns, width // (name_width + _LEAST_BAR_WIDTH + _MARGIN)), 1)
        height = min(height, -(-len(self._words) // columns))
        likeliest = np.argsort(-self._shown, kind="stable")[: columns * height]
        rows: list[Row] = [[] for _ in range(height)]
        for place, index in enumerate(sorted(likeliest.tolist())):
            rows[place % height] += self._cell(index, name_width, width // columns)
        return rows

    def _cell(self, index: int, name_width: int, width: int) -> Row:
        share, threshold = float(self._shown[index]), self._thresholds[index]
        word = set_cell_size(self._words[index], name_width)
        heard = self._heard_age_s[index] < _SHOW_HEARD_S
        likely = share >= threshold
        style = _ABOVE if likely else _BELOW
        room = max(width - name_width - _MARGIN, 1)
        return [
            Segment(" "),
            Segment(word, _HEARD if heard else BOLD if likely else PLAIN),
            Segment(" "),
            *bar(share, room, [(1.0, style)], mark=threshold),
            Segment(f" {share:4.2f} ", PLAIN if likely else DIM),
        ]
