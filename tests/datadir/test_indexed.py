"""Utterances by number are those that reading the whole directory gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from speechrnn.audio import write_wav
from speechrnn.datadir import Utterance, index_datadirs, read_datadir, write_datadir
from speechrnn.datadir import indexed as module
from speechrnn.errors import DataError

RATE_HZ = 8000


def wav(path: Path, duration_s: float) -> Path:
    write_wav(path, np.zeros(round(duration_s * RATE_HZ), np.float32), RATE_HZ)
    return path


def recordings(folder: Path) -> list[Utterance]:
    texts = {"ann-1": "yes", "ann-2": "", "béa-1": "light on"}
    return [
        Utterance(name, wav(folder / f"{name} x.wav", 0.1), name[:3], text, name)
        for name, text in texts.items()
    ]


def segments(folder: Path) -> list[Utterance]:
    path = wav(folder / "day.wav", 1.0)
    return [
        Utterance(f"ann-{i}", path, "ann", "yes", "ann-day", 0.2 * i, 0.2 * i + 0.1)
        for i in range(4)
    ]


@pytest.fixture(params=[recordings, segments])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    write_datadir(tmp_path / "data", request.param(tmp_path))
    return tmp_path / "data"


@pytest.fixture
def never_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(directory: Path) -> None:
        raise AssertionError(f"{directory} was read as a whole")

    monkeypatch.setattr(module, "read_datadir", refuse)


@pytest.mark.usefixtures("never_whole")
def test_utterances_are_those_of_reading_it_all(directory: Path) -> None:
    found = index_datadirs([directory])
    assert [found[i] for i in range(len(found))] == read_datadir(directory)


@pytest.mark.usefixtures("never_whole")
def test_directories_follow_each_other(tmp_path: Path) -> None:
    for name, make in (("one", recordings), ("two", segments), ("three", recordings)):
        (tmp_path / f"{name}.audio").mkdir()
        write_datadir(tmp_path / name, make(tmp_path / f"{name}.audio"))
    paths = [tmp_path / name for name in ("one", "two", "three")]
    found = index_datadirs(paths)
    assert [found[i] for i in range(len(found))] == [u for it in paths for u in read_datadir(it)]


def test_files_out_of_step_are_sorted(directory: Path) -> None:
    expected = read_datadir(directory)
    lines = (directory / "text").read_text().splitlines(keepends=True)
    (directory / "text").write_text("\n".join(reversed(lines)))
    found = index_datadirs([directory])
    assert [found[i] for i in range(len(found))] == expected


def without_last(text: str) -> str:
    return text[: text.rstrip("\n").rfind("\n") + 1]


def twice(text: str) -> str:
    return text + text.splitlines()[-1] + "\n"


@pytest.mark.parametrize("harm", [without_last, twice, lambda text: "", lambda text: "\n" + text])
@pytest.mark.parametrize("file", ["wav.scp", "text", "utt2spk"])
def test_what_is_wrong_is_said_as_ever(
    file: str, harm: Callable[[str], str], directory: Path
) -> None:
    path = directory / file
    path.write_text(harm(path.read_text()))
    try:
        expected = read_datadir(directory)
    except DataError as fault:
        with pytest.raises(DataError) as said:
            index_datadirs([directory])
        assert str(said.value) == str(fault)
    else:
        found = index_datadirs([directory])
        assert [found[i] for i in range(len(found))] == expected


@pytest.mark.parametrize(
    ("file", "line"),
    [("wav.scp", "ann-1 sox x |"), ("utt2spk", "ann-1 ann bob"), ("text", None)],
)
def test_a_fault_in_a_line_is_said_before_anything_is_decoded(
    file: str, line: str | None, tmp_path: Path
) -> None:
    write_datadir(tmp_path / "data", recordings(tmp_path))
    path = tmp_path / "data" / file
    if line is None:
        path.unlink()
    else:
        path.write_text("\n".join([line, *path.read_text().splitlines()[1:]]) + "\n")
    with pytest.raises(DataError) as expected:
        read_datadir(tmp_path / "data")
    with pytest.raises(DataError) as said:
        index_datadirs([tmp_path / "data"])
    assert str(said.value) == str(expected.value)
