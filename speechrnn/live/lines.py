"""What is heard as lines of text, for pipes, files and other programs."""

from __future__ import annotations

import json
import select
import sys
from collections.abc import Callable
from contextlib import suppress

from speechrnn.live.block import Block, Source
from speechrnn.live.partial import Partial
from speechrnn.runtime.clock import clock
from speechrnn.runtime.event import Event
from speechrnn.runtime.stream import Stream


class Lines:
    """Prints each word on a line of standard output at once, all else on standard error."""

    leaves_room = True  # for what others print there

    def __init__(
        self,
        source: Source,
        stream: Stream,
        form: Callable[[Event], str],
        partial_form: Callable[[Partial], str] | None = None,
    ) -> None:
        """Set up.

        Args:
            source: Where the audio comes from.
            stream: Hears it.
            form: Makes a line of an event.
            partial_form: Makes a line of what may still change; none: that is not printed.
        """
        self._source = source
        self._stream = stream
        self._form = form
        self._partial_form = partial_form
        self._partial = Partial()
        self._is_listening = False
        self._pipe: select.poll | None = None

    def __enter__(self) -> Lines:
        # Windows cannot poll; what stands in for standard output has no number.
        with suppress(AttributeError, ValueError, TypeError):
            self._pipe = select.poll()
            self._pipe.register(sys.stdout, 0)
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def heard(self, block: Block, events: list[Event]) -> None:
        """Print the words that became certain by a block.

        Raises:
            BrokenPipeError: Nobody reads them any more.
        """
        if len(block.samples) and not self._is_listening:
            self._is_listening = True
            self.notice(
                f"listening to {self._source.name} at {self._source.sample_rate_hz} Hz, latency "
                f"{self._stream.latency_s:.2f} s, "
                f"{'' if self._stream.calibrated else 'not '}calibrated; Ctrl-C ends"
            )
        if block.notice:
            self.notice(block.notice)
        for event in events:
            print(self._form(event), flush=True)
        if self._partial_form and self._partial.accept(self._stream.pending, events):
            print(self._partial_form(self._partial), flush=True)
        # Whoever waits for the end, as a shell after `head -1`, need not wait for another word.
        if self._pipe is not None and any(what & select.POLLERR for _, what in self._pipe.poll(0)):
            raise BrokenPipeError

    def notice(self, text: str) -> None:
        """Say something that is no word."""
        print(f"speechrnn: {text}", file=sys.stderr, flush=True)


def plain_line(event: Event) -> str:
    """An event for people."""
    meaning = f"  [{event.meaning}]" if event.meaning else ""
    return f"{clock(event.start_s)}  {event.confidence:6.1%}  {event.word}{meaning}"


def json_line(event: Event) -> str:
    """An event for programs."""
    return json.dumps(event.as_dict(), ensure_ascii=False)


def partial_json_line(partial: Partial) -> str:
    """What may still change, for programs; every event ends it, or it is replaced by the next."""
    line = {"partial": partial.text, "changed": partial.changed}
    return json.dumps(line, ensure_ascii=False)
