"""Folders of shards: the same whoever makes them, and never half of one."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
import soundfile

from speechrnn.datadir import Utterance, read_datadir
from speechrnn.errors import DataError
from speechrnn.shards import shard as shard_module
from speechrnn.shards.folder import is_shard_folder, make_shards, read_shard_folder
from speechrnn.shards.shard import Shard

RATE_HZ = 8000


@pytest.fixture(scope="module")
def utterances(tones: Path) -> list[Utterance]:
    return read_datadir(tones / "train")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def make(utterances: list[Utterance], out: Path, executor: Executor | None = None) -> None:
    if executor is not None:
        make_shards(utterances, out, RATE_HZ, executor, shard_clips=5)
    else:
        with ThreadPoolExecutor(1) as threads:
            make_shards(utterances, out, RATE_HZ, threads, shard_clips=5)


@pytest.fixture(scope="module")
def reference(
    utterances: list[Utterance], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("reference") / "shards"
    make(utterances, out)
    return contents(out)


def test_says_what_it_holds(utterances: list[Utterance], tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_text("no audio")
    bad = Utterance("zed-1", broken, "zed", "high", "zed-1")
    steps: list[int] = []
    with ThreadPoolExecutor(2) as threads:
        made = make_shards(
            [*utterances, bad], tmp_path / "s", RATE_HZ, threads, lambda: steps.append(1), 10
        )
    assert made == read_shard_folder(tmp_path / "s") and is_shard_folder(tmp_path / "s")
    assert len(steps) == 37
    assert sum(made.clips) == 36 and max(made.clips) <= 10
    assert made.texts == {"high": 12, "low": 12, "mid": 12}
    assert made.speakers == ("ann", "bob", "cid")
    assert len(made.faults) == 1 and "broken.wav" in made.faults[0]
    seconds = sum(soundfile.info(u.wav).frames for u in utterances) / RATE_HZ
    assert made.samples / RATE_HZ == seconds
    words = [{Shard(path).utterance(i).text for i in range(5)} for path in made.paths]
    assert all(len(said) > 1 for said in words)  # no shard of one word, though the list is sorted
    for path in made.paths:  # nor does a stretch of a shard hold one speaker
        assert Shard(path).ids != sorted(Shard(path).ids)


@pytest.mark.parametrize("workers", [1, 3])
def test_whoever_makes_them(
    workers: int, utterances: list[Utterance], tmp_path: Path, reference: dict[str, bytes]
) -> None:
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, mp_context=context) as processes:
        make(utterances, tmp_path / "s", processes)
    assert contents(tmp_path / "s") == reference


def test_killed_at_any_moment_it_goes_on(
    utterances: list[Utterance], tmp_path: Path, reference: dict[str, bytes]
) -> None:
    out = tmp_path / "s"
    context = multiprocessing.get_context("fork")
    for delay_s in (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07):
        process = context.Process(target=make, args=(utterances, out))
        process.start()
        time.sleep(delay_s)
        assert process.pid
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        if (out / "shards.json").exists():
            assert contents(out) == reference
    (out / ".shard-00001.safetensors.0.tmp").parent.mkdir(exist_ok=True)
    make(utterances, out)
    assert contents(out) == reference


def test_finished_shards_are_not_made_again(
    utterances: list[Utterance],
    tmp_path: Path,
    reference: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "s"
    make(utterances, out)
    (out / "shards.json").unlink()
    second = out / "shard-00001.safetensors"
    second.write_bytes(second.read_bytes()[:-9] + bytes(9))  # of a wrong checksum
    (out / ".shard-00002.safetensors.77.tmp").write_bytes(b"of a killed run")
    decoded = []
    decode = shard_module.decode
    monkeypatch.setattr(
        shard_module, "decode", lambda u, rate: decoded.append(u.id) or decode(u, rate)
    )
    make(utterances, out)
    assert sorted(decoded) == sorted(Shard(second).ids)
    assert contents(out) == reference


def test_a_finished_folder_is_of_one_list(utterances: list[Utterance], tmp_path: Path) -> None:
    make(utterances, tmp_path / "s")
    before = contents(tmp_path / "s")
    broken = tmp_path / "s/shard-00003.safetensors"
    broken.write_bytes(broken.read_bytes()[:-7])
    make(utterances, tmp_path / "s")  # mends it
    assert contents(tmp_path / "s") == before
    with pytest.raises(DataError, match="holds shards of other utterances"):
        make(utterances[1:], tmp_path / "s")
    assert contents(tmp_path / "s") == before


def test_unfinished_and_damaged_folders_are_named(
    utterances: list[Utterance], tmp_path: Path
) -> None:
    out = tmp_path / "s"
    make(utterances, out)
    description = out / "shards.json"
    facts = json.loads(description.read_text())
    for text, complaint in (
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        (json.dumps({**facts, "format": 2}), "is of another format than 1"),
        (json.dumps({**facts, "more": 1}), "cannot be read"),
    ):
        description.write_text(text)
        with pytest.raises(DataError, match=f"shards.json: {complaint}"):
            read_shard_folder(out)
    description.unlink()
    assert is_shard_folder(out)
    with pytest.raises(DataError, match="the shards are not finished"):
        read_shard_folder(out)


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no audio")
    with pytest.raises(DataError, match="no audio could be read"):
        make([Utterance("a", tmp_path / "a.wav", "s", "w", "a")], tmp_path / "s")
    assert not (tmp_path / "s/shards.json").exists()


def test_a_full_disk_is_an_error_and_leaves_whole_shards(
    utterances: list[Utterance],
    tmp_path: Path,
    reference: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []

    def fsync(_: int) -> None:
        calls.append(1)
        if len(calls) > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(DataError, match="No space left on device"):
            make(utterances, tmp_path / "s")
    left = contents(tmp_path / "s")
    assert len(left) == 3 and left.items() <= reference.items()
    make(utterances, tmp_path / "s")
    assert contents(tmp_path / "s") == reference


class _Dying(Executor):
    """Whose process is killed."""

    def submit(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
            future: Future[None] = pool.submit(os._exit, 9)
            future.exception()
        return future


def test_a_killed_process_is_an_error(utterances: list[Utterance], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="was killed"):
        make(utterances, tmp_path / "s", _Dying())
