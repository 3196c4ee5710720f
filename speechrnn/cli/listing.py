"""Transcripts as lines for people to read."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence

from speechrnn.runtime.clock import clock
from speechrnn.runtime.transcript import Transcript

_NO_WORD = "(no word)"
_CONFIDENCE_WIDTH = 6
_PATH_SHARE = 0.5  # of a terminal's width, at most
_LEAST_TEXT_WIDTH = 16


class Listing:
    """Lays out a line a recording: path, confidence, text; words with times below long ones.

    On a terminal long paths lose their front and long texts wrap; elsewhere nothing is shortened.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        """Fix the columns for `paths`."""
        self._width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        longest = max((len(path) for path in paths), default=0)
        self._path_width = min(longest, int(_PATH_SHARE * self._width) if self._width else longest)

    def entry(self, path: str, transcript: Transcript) -> str:
        """The lines of one recording."""
        start = f"{self._shown(path):<{self._path_width}}  {_percent(transcript.confidence)}  "
        text = transcript.text or _NO_WORD
        if self._width:
            text = textwrap.fill(
                text,
                max(_LEAST_TEXT_WIDTH, self._width - len(start)) + len(start),
                initial_indent=" " * len(start),
                subsequent_indent=" " * len(start),
                break_on_hyphens=False,
            ).lstrip()
        lines = [start + text]
        if not transcript.alternatives:  # a long recording: say where its words are
            for segment in transcript.segments:
                place = f"{clock(segment.start_s)} - {clock(segment.end_s)}"
                lines.append(f"    {place}  {_percent(segment.confidence)}  {segment.word}")
        return "\n".join(lines)

    def _shown(self, path: str) -> str:
        if len(path) <= self._path_width:
            return path
        return "…" + path[len(path) - self._path_width + 1 :]


def _percent(share: float) -> str:
    return f"{share:{_CONFIDENCE_WIDTH}.1%}"
