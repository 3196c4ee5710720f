from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given
from rich.cells import cell_len
from rich.style import Style

from speechrnn.live.rows import PLAIN, bar, beside, filled, tail, wrapped

GREEN, RED = Style(color="green"), Style(color="red")


def text(row) -> str:
    return "".join(segment.text for segment in row)


def test_a_bar_is_exact_to_an_eighth_of_a_cell() -> None:
    assert text(bar(0.0, 4, [(1.0, GREEN)])) == "    "
    assert text(bar(0.5, 4, [(1.0, GREEN)])) == "██  "
    assert text(bar(0.28125, 4, [(1.0, GREEN)])) == "█▏  "
    assert text(bar(1.0, 4, [(1.0, GREEN)])) == "████"
    assert text(bar(7.0, 4, [(1.0, GREEN)])) == "████"


def test_a_bar_changes_style_from_zone_to_zone() -> None:
    row = bar(1.0, 4, [(0.75, GREEN), (1.0, RED)])
    assert [(segment.text, segment.style) for segment in row] == [("███", GREEN), ("█", RED)]


def test_a_mark_is_seen_on_a_bar_and_beside_it() -> None:
    assert text(bar(0.25, 4, [(1.0, GREEN)], mark=0.5)) == "█ │ "
    covered = bar(1.0, 4, [(1.0, GREEN)], mark=0.5)
    assert text(covered) == "██│█"
    assert [segment.style.reverse for segment in covered] == [None, True, None]


@given(
    share=st.floats(-1, 2),
    width=st.integers(1, 50),
    ends=st.lists(st.floats(0, 1), max_size=3),
    mark=st.none() | st.floats(0, 2),
)
def test_bars_are_as_wide_as_asked(share, width, ends, mark) -> None:
    zones = [(end, GREEN) for end in [*sorted(ends), 1.0]]
    row = bar(share, width, zones, mark)
    assert len(text(row)) == width
    assert text(row).count("│") == (mark is not None)


def test_blocks_stand_side_by_side() -> None:
    left, right = [bar(1.0, 1, [(1.0, GREEN)])], wrapped("a b", 1, PLAIN)
    assert [text(row) for row in beside(left, 3, right)] == ["█   │ a", "    │ b"]
    assert len(filled(left, 3)) == 3
    assert filled(right, 1) == right[:1]


@given(words=st.text(st.characters(categories=["L", "N", "P", "Zs"])), width=st.integers(2, 20))
def test_wrapping_loses_nothing_and_fits(words: str, width: int) -> None:
    lines = [text(row) for row in wrapped(words, width, PLAIN)]
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(words.split())


def test_of_a_text_that_is_too_long_the_end_is_left() -> None:
    assert tail("one two", 7) == "one two"
    assert tail("one two", 6) == "…e two"
    assert tail("日本語", 5) == "…本語"
    assert tail("日本語", 4) == "…語"
    assert tail("one", 0) == "…"
