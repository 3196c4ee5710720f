"""Who speaks in a data directory, and that nobody stands on both sides of a split."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

from speechrnn.datadir.tables import read_rows
from speechrnn.errors import DataError

_NAMED = 10  # speakers that an error names


def check_speakers_disjoint(
    directories: Mapping[str, str | Path], *, allow_shared: bool = False
) -> None:
    """Stop where a speaker stands in two parts of a split.

    Args:
        directories: Kaldi data directories by the part's name, such as `train` and `test`.
        allow_shared: Say nothing.

    Raises:
        DataError: Names the speakers.
    """
    if allow_shared:
        return
    speakers = {
        part: {row.value for row in read_rows(Path(directory) / "utt2spk")}
        for part, directory in directories.items()
    }
    for one, other in combinations(speakers, 2):
        check_disjoint(one, speakers[one], other, speakers[other])


def check_disjoint(one: str, some: set[str], other: str, others: set[str]) -> None:
    """Stop where two sets of speakers overlap; `one` and `other` name them."""
    shared = sorted(some & others)
    if shared:
        names = ", ".join(shared[:_NAMED]) + ", …" * (len(shared) > _NAMED)
        raise DataError(
            f"{one} and {other} share {len(shared)} speaker{'s' * (len(shared) > 1)} ({names}); "
            "keep each on one side, or pass --allow-shared-speakers"
        )
