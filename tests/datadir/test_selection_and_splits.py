"""Parts of data directories, several together, and splits that keep speakers apart."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.audio import write_wav
from speechrnn.datadir import (
    Utterance,
    check_speakers_disjoint,
    combine_datadirs,
    read_datadir,
    split_at_random,
    split_by_speaker,
    subset_datadir,
    write_datadir,
)
from speechrnn.datadir.splitting import _deal
from speechrnn.errors import DataError

TAKES = {"ann": 8, "bob": 8, "cid": 4, "dan": 4, "eve": 2}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """26 utterances of five speakers, half of them 'yes'."""
    path = tmp_path / "a.wav"
    write_wav(path, np.zeros(100), 8000)
    utterances = [
        Utterance(f"{speaker}-{i}", path, speaker, ("no", "yes")[i % 2], f"{speaker}-{i}")
        for speaker, takes in TAKES.items()
        for i in range(takes)
    ]
    write_datadir(tmp_path / "all", utterances)
    return tmp_path / "all"


def test_subsets(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "part"
    assert {u.speaker for u in subset_datadir(source, target, speakers=["ann", "eve"])} == {
        "ann",
        "eve",
    }
    assert len(subset_datadir(source, target, words=["yes"])) == 13
    kept = subset_datadir(source, target, per_speaker=3)
    assert Counter(u.speaker for u in kept) == {name: min(3, n) for name, n in TAKES.items()}
    kept = subset_datadir(source, target, count=7, seed=1)
    assert len(kept) == 7
    assert read_datadir(target) == kept
    assert subset_datadir(source, target, count=7, seed=1) == kept
    assert subset_datadir(source, target, count=7, seed=2) != kept
    with pytest.raises(DataError, match=r"no speaker 'zoe'; it has ann, bob"):
        subset_datadir(source, target, speakers=["ann", "zoe"])
    with pytest.raises(DataError, match=r"no text 'maybe'"):
        subset_datadir(source, target, words=["maybe"])


def test_combining(source: Path, tmp_path: Path) -> None:
    for name in ("ann", "bob"):
        subset_datadir(source, tmp_path / name, speakers=[name])
    subset_datadir(source, tmp_path / "yes", words=["yes"], speakers=["ann"])
    parts = [tmp_path / "ann", tmp_path / "bob", tmp_path / "yes"]
    combined = combine_datadirs(parts, tmp_path / "both")
    assert combined == [u for u in read_datadir(source) if u.speaker in ("ann", "bob")]
    table = tmp_path / "yes" / "text"
    table.write_text(table.read_text().replace("yes", "no"))
    with pytest.raises(DataError, match=r"yes: utterance ann-1 is another one in .*ann"):
        combine_datadirs(parts, tmp_path / "both")


def test_a_split_keeps_speakers_apart(source: Path, tmp_path: Path) -> None:
    shares = {"train": 0.6, "valid": 0.2, "test": 0.2}
    seen = set()
    for seed in range(5):
        dealt = split_by_speaker(source, tmp_path / "split", shares, seed)
        check_speakers_disjoint({part: tmp_path / "split" / part for part in shares})
        together = [u for part in shares for u in read_datadir(tmp_path / "split" / part)]
        assert sorted(together, key=lambda u: u.id) == read_datadir(source)
        for part, share in shares.items():
            assert abs(len(dealt[part]) - share * 26) <= 8  # the largest speaker
        seen.add(tuple(sorted({u.speaker for u in dealt["test"]})))
    assert len(seen) > 1
    again = split_by_speaker(source, tmp_path / "again", shares, 4)
    assert again == dealt


def test_too_few_speakers(source: Path, tmp_path: Path) -> None:
    subset_datadir(source, tmp_path / "one", speakers=["ann"])
    shares = {"train": 0.7, "test": 0.3}
    with pytest.raises(DataError, match=r"1 speaker \(ann\) cannot fill 2 parts"):
        split_by_speaker(tmp_path / "one", tmp_path / "split", shares)
    assert not (tmp_path / "split").exists()
    dealt = split_at_random(tmp_path / "one", tmp_path / "split", shares)
    assert [len(dealt[part]) for part in shares] == [6, 2]


@pytest.mark.parametrize("parts", [{}, {"train": 0.0}, {"train": -1.0}, {"../train": 1.0}])
def test_shares_that_are_none(source: Path, tmp_path: Path, parts: dict[str, float]) -> None:
    with pytest.raises(DataError, match="part"):
        split_by_speaker(source, tmp_path / "split", parts)


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=3, max_size=30),
    st.tuples(*[st.floats(0.05, 1.0)] * 3),
    st.integers(0, 5),
)
def test_dealing(sizes: list[int], shares: tuple[float, ...], seed: int) -> None:
    utterance = Utterance("a", Path("a"), "a", "a", "a")
    groups = {f"g{i}": [utterance] * size for i, size in enumerate(sizes)}
    dealt = _deal(groups, dict(zip("abc", shares, strict=True)), seed)
    assert sum(len(part) for part in dealt.values()) == sum(sizes)
    assert all(dealt.values())
    # No part is over its share by more than the largest group, but where it took the only one.
    for part, share in zip("abc", shares, strict=True):
        assert len(dealt[part]) <= share / sum(shares) * sum(sizes) + max(sizes)


def test_no_pair_of_parts_shares_a_group() -> None:
    groups = {
        name: [Utterance(f"{name}{i}", Path("a"), name, "", f"{name}{i}") for i in range(5)]
        for name in "abcdefgh"
    }
    dealt = _deal(groups, {"x": 0.5, "y": 0.3, "z": 0.2}, 0)
    for one, other in combinations(dealt.values(), 2):
        assert not {u.speaker for u in one} & {u.speaker for u in other}
