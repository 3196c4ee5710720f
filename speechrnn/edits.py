"""How far two sequences are apart."""

from __future__ import annotations

from collections.abc import Sequence


def edit_distance(left: Sequence[object], right: Sequence[object]) -> int:
    """Units to insert, delete or change to turn one sequence into the other (Levenshtein)."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]
