"""Decoded lists, kept from run to run."""

from __future__ import annotations

import dataclasses
import logging
import multiprocessing
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from speechrnn.datadir import Utterance, read_datadir
from speechrnn.errors import DataError
from speechrnn.shards import cache as cache_module
from speechrnn.shards.cache import ClipCache, DecodedClips
from speechrnn.shards.identity import decoding_key
from speechrnn.shards.shard import decode

RATE_HZ = 8000


@pytest.fixture
def corpus(tones: Path, tmp_path: Path) -> list[Utterance]:
    """Recordings that a test may change; the third cannot be read."""
    utterances = []
    for utterance in read_datadir(tones / "valid"):
        wav = tmp_path / utterance.wav.name
        shutil.copy(utterance.wav, wav)
        utterances.append(dataclasses.replace(utterance, wav=wav))
    utterances[2].wav.write_text("no audio")
    return utterances


@pytest.fixture
def cache(tmp_path: Path) -> ClipCache:
    return ClipCache(tmp_path / "cache")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "_PART_CLIPS", 5)


def check(clips: DecodedClips, utterances: list[Utterance]) -> None:
    decoded = [decode(utterance, RATE_HZ) for utterance in utterances]
    waves = [wave for wave in decoded if not isinstance(wave, str)]
    np.testing.assert_array_equal(clips.samples, np.concatenate(waves))
    assert clips.lengths.tolist() == [len(wave) for wave in waves]
    assert clips.positions.tolist() == [i for i, w in enumerate(decoded) if not isinstance(w, str)]
    assert list(clips.faults) == [line for line in decoded if isinstance(line, str)]


def entries(cache: ClipCache) -> list[Path]:
    return [path for path, _, _ in cache.entries()]


@pytest.mark.usefixtures("small_parts")
def test_a_second_run_reads_no_recording(
    corpus: list[Utterance], cache: ClipCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = [0]

    def tick() -> None:
        count[0] += 1

    check(cache.load(corpus, RATE_HZ, tick), corpus)
    monkeypatch.setattr("speechrnn.shards.shard.load_wave", None)  # decoding would fail
    again = cache.load(corpus, RATE_HZ, tick)
    monkeypatch.undo()
    check(again, corpus)
    assert isinstance(again.samples, np.memmap)
    assert count[0] == 2 * len(corpus)
    assert [path.suffix for path in entries(cache)] == [".clips"]


def test_what_changes_samples_changes_the_key(corpus: list[Utterance]) -> None:
    key = decoding_key(corpus, RATE_HZ)
    assert decoding_key(corpus, 16000) != key
    assert decoding_key(corpus[::-1], RATE_HZ) != key
    cut = [dataclasses.replace(corpus[0], start_s=0.1), *corpus[1:]]
    assert decoding_key(cut, RATE_HZ) != key
    told_otherwise = [dataclasses.replace(u, text="other", speaker="eve") for u in corpus]
    assert decoding_key(told_otherwise, RATE_HZ) == key

    before = os.stat(corpus[0].wav)
    time.sleep(0.02)  # the clock of file systems ticks every few milliseconds
    corpus[0].wav.write_bytes(corpus[1].wav.read_bytes()[: before.st_size])
    os.utime(corpus[0].wav, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert decoding_key(corpus, RATE_HZ) != key


def test_a_broken_entry_is_made_again(
    corpus: list[Utterance], cache: ClipCache, caplog: pytest.LogCaptureFixture
) -> None:
    cache.load(corpus, RATE_HZ)
    (entry,) = entries(cache)
    whole = entry.read_bytes()
    for broken in (whole[:-100], whole[:5000] + b"?" + whole[5001:], b"", b"foreign" * 20):
        entry.write_bytes(broken)
        with caplog.at_level(logging.WARNING):
            check(cache.load(corpus, RATE_HZ), corpus)
        assert "decoding once more" in caplog.text
        caplog.clear()
        assert entry.read_bytes() == whole


def test_least_recently_used_lists_make_room(corpus: list[Utterance], cache: ClipCache) -> None:
    lists = [corpus[:4], corpus[4:8], corpus[8:]]
    for number, part in enumerate(lists):
        cache.load(part, RATE_HZ)
        (new,) = set(entries(cache)) - {p for p, _, used in cache.entries() if used < 1e9}
        os.utime(new, (number, number))
    cache.load(lists[0], RATE_HZ)  # used just now
    size = sum(size for _, size, _ in cache.entries())
    small = ClipCache(cache.directory, limit_gb=size / 1e9)
    small.load(corpus[2:6], RATE_HZ)
    left = {path.stem for path in entries(small)}
    assert {decoding_key(part, RATE_HZ) for part in (lists[0], corpus[2:6])} <= left
    assert decoding_key(lists[1], RATE_HZ) not in left
    assert sum(bytes_ for _, bytes_, _ in small.entries()) <= size + 5000  # headers


def test_what_is_larger_than_the_cache_is_decoded_all_the_same(
    corpus: list[Utterance], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = ClipCache(tmp_path / "cache", limit_gb=1e-6)
    check(cache.load(corpus, RATE_HZ), corpus)
    assert not entries(cache) and "not cached" in caplog.text


def _load(directory: Path, utterances: list[Utterance]) -> None:
    cache_module._PART_CLIPS = 1  # type: ignore[misc]
    ClipCache(directory).load(utterances, RATE_HZ)


def test_killed_at_any_moment_it_goes_on(corpus: list[Utterance], tmp_path: Path) -> None:
    directory = tmp_path / "cache"
    context = multiprocessing.get_context("fork")
    for delay_s in np.linspace(0.005, 0.15, 12):
        process = context.Process(target=_load, args=(directory, corpus))
        process.start()
        time.sleep(delay_s)
        assert process.pid
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        for path in entries(ClipCache(directory)):
            assert path.suffix in (".clips", ".parts")
    check(ClipCache(directory).load(corpus, RATE_HZ), corpus)
    assert [path.suffix for path in entries(ClipCache(directory))] == [".clips"]


def test_two_processes_at_once(corpus: list[Utterance], tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_load, args=(tmp_path / "cache", corpus)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    check(ClipCache(tmp_path / "cache").load(corpus, RATE_HZ), corpus)


def test_a_directory_that_cannot_be_is_named(corpus: list[Utterance], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="pass another --cache"):
        ClipCache(tmp_path / "file" / "cache").load(corpus, RATE_HZ)


def test_clearing_frees_what_it_says(corpus: list[Utterance], cache: ClipCache) -> None:
    cache.load(corpus, RATE_HZ)
    size = sum(size for _, size, _ in cache.entries())
    assert cache.clear() == size and not cache.entries()
