"""What may still change: when it is news, and whether it only grew."""

from __future__ import annotations

import pytest

from speechrnn import Event
from speechrnn.live.partial import Partial


@pytest.mark.parametrize(
    ("before", "events", "pending", "news", "changed"),
    [
        ("", [], "", False, False),
        ("", [], "go", True, False),
        ("go", [], "go", False, False),
        ("go", [], "go no", True, False),
        ("go", [], "no", True, True),
        ("go no", [], "go", True, True),
        ("go", [], "", True, True),
        ("go no", ["go"], "no", True, False),
        ("go no", ["go"], "no stop", True, False),
        ("go no", ["go", "no"], "", False, False),
        ("go no", ["go no"], "", False, False),
        ("go no", ["no"], "no", True, True),
        ("go no", ["go"], "", False, True),
        ("", ["go"], "", False, False),
    ],
)
def test_growth_is_no_change(
    before: str, events: list[str], pending: str, news: bool, changed: bool
) -> None:
    partial = Partial()
    partial.accept(before, [])
    heard = [Event(word, 0.9, 0.0, 0.1, 0.2) for word in events]
    assert partial.accept(pending, heard) is news
    assert (partial.text, partial.changed) == (pending, changed)
