"""What has been heard and may still change, as it grows and changes."""

from __future__ import annotations

from collections.abc import Sequence

from speechrnn.runtime.event import Event


class Partial:
    """Follows the words that are not certain yet.

    Attributes:
        text: The words.
        changed: Whether something that stood there was taken back, or another word became certain
            in its place; False where words only became certain, or more came after them.
    """

    def __init__(self) -> None:
        """Start with nothing heard."""
        self.text = ""
        self.changed = False

    def accept(self, pending: str, events: Sequence[Event]) -> bool:
        """Take what may still change now, and what became certain since the last time.

        Returns:
            Whether `text` is other than somebody knows who drops it at every event.
        """
        known = "" if events else self.text
        before = self.text.split()
        certain = [word for event in events for word in event.word.split()]
        words = [*certain, *pending.split()]
        news = pending != known
        if news or events:
            self.changed = words[: len(before)] != before
        self.text = pending
        return news
