from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.evaluation.sequences.alignment import (
    Edits,
    Pair,
    align_characters,
    align_words,
    count_edits,
    spoken_words,
)

sequences = st.lists(st.sampled_from(["a", "bc", "d"]), max_size=6)


def distance(truth: list[str], heard: list[str]) -> int:
    """Levenshtein's, from its definition."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(truth, 1):
        last, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (word != other))
    return row[-1]


@settings(deadline=None)
@given(st.lists(st.tuples(sequences, sequences), max_size=4))
def test_alignments_hold_both_sequences_and_need_the_fewest_edits(
    pairs: list[tuple[list[str], list[str]]],
) -> None:
    alignments = align_words([truth for truth, _ in pairs], [heard for _, heard in pairs])
    assert len(alignments) == len(pairs)
    for (truth, heard), alignment in zip(pairs, alignments, strict=True):
        assert [pair.truth for pair in alignment if pair.truth is not None] == truth
        assert [pair.heard for pair in alignment if pair.heard is not None] == heard
        edits = count_edits(alignment)
        assert (edits.total, edits.said) == (distance(truth, heard), len(truth))
        assert Pair(None, None) not in alignment


def test_each_kind_of_edit_is_counted() -> None:
    said, heard = "the red door is shut tight", "a red door shut tight now"
    (alignment,) = align_words([said.split()], [heard.split()])
    assert alignment == (
        ("the", "a"), ("red", "red"), ("door", "door"), ("is", None), ("shut", "shut"),
        ("tight", "tight"), (None, "now"),
    )  # fmt: skip
    assert count_edits(alignment) == Edits(substitutions=1, deletions=1, insertions=1, said=6)
    assert count_edits(alignment).rate == 3 / 6


def test_empty_sides_are_all_deleted_or_inserted() -> None:
    found = align_words([[], ["a", "b"], [], ["c"]], [["x"], [], [], ["c"]])
    assert found == [((None, "x"),), (("a", None), ("b", None)), (), (("c", "c"),)]
    silent = count_edits(found[0])
    assert silent == Edits(insertions=1)
    assert silent.rate is None  # nothing was said: there is no rate, and no infinity


def test_characters_count_blanks() -> None:
    (alignment,) = align_characters(["a bc"], ["abd"])
    assert count_edits(alignment) == Edits(substitutions=1, deletions=1, said=4)


def test_words_that_are_none_were_not_said() -> None:
    assert spoken_words("_silence_") == spoken_words("") == ()
    assert spoken_words("turn  _unknown_ left") == ("turn", "left")


def test_edits_add_up() -> None:
    assert Edits(1, 2, 3, 4) + Edits(10, 20, 30, 40) == Edits(11, 22, 33, 44)
