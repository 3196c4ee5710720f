"""Shards and caches made by a Dask cluster, some of whose workers die."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from speechrnn.datadir import read_datadir
from speechrnn.errors import ConfigError
from speechrnn.shards.cache import ClipCache
from speechrnn.shards.cluster import cluster_executor, executors
from speechrnn.shards.folder import make_shards
from speechrnn.shards.making import local_executor

distributed = pytest.importorskip("distributed")
RATE_HZ = 8000


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as made:
        yield made


def test_one_of_two_workers_is_killed_half_way(
    cluster: object, tones: Path, tmp_path: Path
) -> None:
    utterances = read_datadir(tones / "train")
    with ThreadPoolExecutor(1) as threads:
        make_shards(utterances, tmp_path / "here", RATE_HZ, threads, shard_clips=2)
    address = cluster.scheduler_address  # type: ignore[attr-defined]
    with distributed.Client(address) as client:
        (victim, *_) = client.run(os.getpid).values()
    done = threading.Event()
    count = [0]

    def step() -> None:
        count[0] += 1
        if count[0] == 12:
            os.kill(victim, signal.SIGKILL)
            done.set()

    with cluster_executor(address) as executor:
        make_shards(utterances, tmp_path / "there", RATE_HZ, executor, step, shard_clips=2)
    assert done.is_set() and count[0] == len(utterances)
    with distributed.Client(address) as client:
        assert victim not in client.run(os.getpid).values()
    here, there = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("here", "there")
    )
    assert here == there


def test_a_cache_is_filled_by_the_cluster(cluster: object, tones: Path, tmp_path: Path) -> None:
    utterances = read_datadir(tones / "valid")
    address = cluster.scheduler_address  # type: ignore[attr-defined]
    theirs = ClipCache(tmp_path / "theirs", executor=executors(address)).load(utterances, RATE_HZ)
    ours = ClipCache(tmp_path / "ours").load(utterances, RATE_HZ)
    np.testing.assert_array_equal(theirs.samples, ours.samples)
    assert executors(None) is local_executor


def test_no_scheduler_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechrnn.shards.cluster._ANSWER_S", 0.5)
    for address in ("tcp://127.0.0.1:9", "nonsense"):
        with (
            pytest.raises(ConfigError, match=f"{address}: no Dask scheduler answers"),
            cluster_executor(address),
        ):
            pass
