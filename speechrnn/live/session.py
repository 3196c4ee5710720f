"""Live listening: a source's audio into a stream, and what it yields to those who want to know."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from speechrnn.live.block import NOTHING, Block, Source
from speechrnn.runtime.event import Event
from speechrnn.runtime.stream import Stream


class Listener(Protocol):
    """Who wants to know what is heard."""

    def heard(self, block: Block, events: list[Event]) -> None:
        """A block was heard, and these words became certain by it."""
        ...


def listen(
    source: Source, stream: Stream, listeners: Sequence[Listener], stop: threading.Event
) -> Counter[str]:
    """Listen until the source ends or `stop` is set; returns how often each word was heard.

    Raises:
        AudioError: The source broke down.
    """
    counts: Counter[str] = Counter()

    def tell(block: Block, events: list[Event]) -> None:
        counts.update(event.word for event in events)
        for listener in listeners:
            listener.heard(block, events)

    for block in source.blocks():
        lost = [] if block.lost_s is None else stream.skip(block.lost_s)
        tell(block, lost + stream.accept(block.samples))
        if stop.is_set():
            break
    tell(NOTHING, stream.finish())
    return counts
