"""Files of arrays: whole or absent, and readable by others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from speechrnn.errors import DataError
from speechrnn.shards.container import Container, write_container

KINDS = (np.int64, np.int32, np.int16, np.uint8)


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), st.lists(st.integers(0, 9), min_size=1)), max_size=4)
)
def test_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[Any, list[int]]]
) -> None:
    path = tmp_path_factory.mktemp("container") / "x.safetensors"
    pieces = {
        f"a{i}": [np.full(size, size, kind) for size in sizes]
        for i, (kind, sizes) in enumerate(made)
    }
    write_container(path, pieces, {"of": "ö"})
    read, theirs = Container(path), load_file(path)
    assert read.facts == {"of": "ö"} and read.is_sound()
    for name, expected in pieces.items():
        np.testing.assert_array_equal(read[name], np.concatenate(expected))
        np.testing.assert_array_equal(theirs[name], read[name])  # the safetensors library agrees
        assert read[name].dtype == theirs[name].dtype == expected[0].dtype
    assert os.listdir(path.parent) == [path.name]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "x.safetensors"
    write_container(path, {"a": [np.arange(100)]}, {})
    return path


def test_every_cut_is_noticed(written: Path) -> None:
    whole = written.read_bytes()
    for size in range(len(whole)):
        written.write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"x.safetensors: (cut off|no file of decoded clips)"):
            Container(written)


def test_every_changed_byte_of_the_arrays_is_noticed(written: Path) -> None:
    whole = bytearray(written.read_bytes())
    for place in range(Container(written).offset("a"), len(whole)):
        written.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert not Container(written).is_sound()


@pytest.mark.parametrize(
    "content", [b"", b"RIFF....WAVEfmt ", b"\xff" * 64, b"\x02" + bytes(7) + b"{}"]
)
def test_foreign_files_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(DataError, match="no file of decoded clips"):
        Container(path)


def test_missing_files_and_arrays_are_named(written: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        Container(written.with_name("y"))
    with pytest.raises(DataError, match="lacks 'b'"):
        Container(written)["b"]


def test_a_full_disk_leaves_what_was_there(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="No space left on device"):
        write_container(written, {"a": [np.zeros(5, np.int64)]}, {})
    assert len(Container(written)["a"]) == 100
    assert os.listdir(written.parent) == [written.name]
