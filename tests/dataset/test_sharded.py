"""A corpus in shards is drawn as the same corpus in memory is."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.datadir import Utterance, read_datadir
from speechrnn.dataset import Dataset, ShardedDataset, load_dataset
from speechrnn.errors import DataError
from speechrnn.shards.folder import ShardFolder, make_shards
from speechrnn.vocabulary import Vocabulary

RATE_HZ = 8000
LABELS = Vocabulary(["high", "low", "mid"])


@pytest.fixture(scope="module")
def utterances(tones: Path) -> list[Utterance]:
    """36 clips, 12 of each word, of which some are left out: rare words are drawn more often."""
    return [u for u in read_datadir(tones / "train") if not u.id.startswith("bob-low")]


@pytest.fixture(scope="module")
def folder(utterances: list[Utterance], tmp_path_factory: pytest.TempPathFactory) -> ShardFolder:
    out = tmp_path_factory.mktemp("shards") / "train"
    with ThreadPoolExecutor(2) as threads:
        return make_shards(utterances, out, RATE_HZ, threads, shard_clips=7)


def sharded(folder: ShardFolder, pieces: int = 100) -> ShardedDataset:
    return ShardedDataset([folder], LABELS, RATE_HZ, piece_clips=3, block_pieces=pieces)


def drawn(part: Dataset, draws: torch.Tensor) -> list[tuple[str, int, list[int]]]:
    clips = part.clips(draws).tolist()
    return [
        (
            part.utterances[i].id,
            int(part.targets[i]),
            part.arena[part.starts[i] : part.starts[i] + part.lengths[i]].tolist(),
        )
        for i in clips
    ]


def test_holds_the_clips_of_the_corpus(utterances: list[Utterance], folder: ShardFolder) -> None:
    whole, memory = sharded(folder).whole(), load_dataset(utterances, LABELS, RATE_HZ)
    found = drawn(whole, torch.arange(len(whole)))
    expected = drawn(memory, torch.arange(len(memory)))
    assert sorted(found) == sorted(expected)
    said = {u.id: (u.text, u.speaker) for u in utterances}
    assert {u.id: (u.text, u.speaker) for u in whole.utterances} == said
    assert whole.utterances[2:4][1] == whole.utterances[3]
    facts = sharded(folder).summary(RATE_HZ)
    assert facts["hours"] == memory.summary(RATE_HZ)["hours"] and facts["speakers"] == 3


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_one_block_comes_in_the_batches_of_memory(folder: ShardFolder, balance: float) -> None:
    dataset = sharded(folder)
    whole = dataset.whole()
    for epoch, played in (0, None), (3, None), (3, lambda lengths, draws: lengths * (draws % 5)):
        ours = list(dataset.epoch(4, balance, 5, epoch, played=played))
        theirs = list(whole.epoch(4, balance, 5, epoch, played=played))
        assert dataset.num_steps(4) == whole.num_steps(4)
        for (part, draws), (_, expected) in zip(ours, theirs, strict=True):
            assert torch.equal(draws, expected)
            assert drawn(part, draws) == drawn(whole, draws)


def test_blocks_ask_for_the_lengths_of_the_draws_they_give(folder: ShardFolder) -> None:
    dataset, seen = sharded(folder, 2), []

    def played(lengths: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
        seen.append(draws)
        return lengths

    given = torch.cat([draws for _, draws in dataset.epoch(3, 1.0, 0, 1, played=played)])
    assert len(seen) > 1
    assert sorted(torch.cat(seen).tolist()) == sorted(given.tolist())


@settings(deadline=None, max_examples=30)
@given(
    pieces=st.integers(1, 5),
    batch_size=st.integers(1, 9),
    balance=st.sampled_from([0.0, 0.5, 1.0]),
    seed=st.integers(0, 2**32),
    epoch=st.integers(0, 5),
    share=st.floats(0, 1),
)
def test_an_epoch_of_blocks(
    folder: ShardFolder,
    pieces: int,
    batch_size: int,
    balance: float,
    seed: int,
    epoch: int,
    share: float,
) -> None:
    dataset = sharded(folder, pieces)
    whole = dataset.whole()
    batches = list(dataset.epoch(batch_size, balance, seed, epoch))
    together = torch.cat([draws for _, draws in batches])
    if balance == 0.0:  # every clip once
        assert sorted(together.tolist()) == list(range(len(dataset)))
    assert len(together.unique()) == len(together)
    for part, draws in batches:
        assert 0 < len(draws) <= batch_size
        assert drawn(part, draws) == drawn(whole, draws)

    first = int(share * len(batches))  # an interrupted epoch goes on
    rest = list(dataset.epoch(batch_size, balance, seed, epoch, first=first))
    for (_, draws), (_, expected) in zip(rest, batches[first:], strict=True):
        assert torch.equal(draws, expected)

    for rank in range(2):  # processes that train together
        shared = dataset.epoch(batch_size, balance, seed, epoch, rank=rank, world=2)
        for (part, draws), (_, expected) in zip(shared, batches, strict=True):
            assert torch.equal(draws, expected)
            mine = draws[rank::2]
            assert drawn(part, mine) == drawn(whole, mine)
            assert len(part) < len(dataset) or len(dataset) < 2 * batch_size


def test_blocks_balance_classes_by_the_whole_corpus(folder: ShardFolder) -> None:
    dataset = sharded(folder, 2)
    whole = dataset.whole()
    counts = torch.zeros(3)
    for epoch in range(60):
        for _, draws in dataset.epoch(8, 1.0, 0, epoch):
            counts += torch.bincount(whole.targets[whole.clips(draws)], minlength=3)
    share = counts / counts.sum()
    torch.testing.assert_close(share, torch.full((3,), 1 / 3), atol=0.02, rtol=0.0)


def test_blocks_differ_from_epoch_to_epoch(folder: ShardFolder) -> None:
    dataset = sharded(folder, 2)
    together = []
    for epoch in range(2):
        blocks = {
            tuple(part.draws(torch.arange(len(part))).tolist())
            for part, _ in dataset.epoch(3, 0.0, 0, epoch)
        }
        together.append(blocks)
    assert len(together[0]) == dataset._num_blocks and not together[0] & together[1]


def test_a_sample_is_spread_over_the_corpus(folder: ShardFolder) -> None:
    dataset = sharded(folder)
    clips, spread = dataset.sample(5)
    assert clips.draws(spread).tolist() == [0, 7, 15, 23, 31]
    whole = dataset.whole()
    wave, lens = clips.waves(spread)
    expected, expected_lens = whole.waves(clips.draws(spread))
    assert torch.equal(wave, expected) and torch.equal(lens, expected_lens)


def test_faults_of_shards_are_named(folder: ShardFolder, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds 8000 Hz, the configuration wants 16000"):
        ShardedDataset([folder], LABELS, 16000)
    with pytest.raises(DataError, match="no 'mid'"):
        ShardedDataset([folder], Vocabulary(["high", "low"]), RATE_HZ)
    copy = tmp_path / "copy"
    shutil.copytree(folder.path, copy)
    other = ShardFolder(**{**vars(folder), "path": copy})
    shard = other.paths[1]
    whole = shard.read_bytes()
    for content, complaint in (
        (whole[:-50], "cut off or damaged"),
        (b"RIFF" * 20, "no file of decoded clips"),
        (other.paths[-1].read_bytes(), "has 6 clips, shards.json says 7"),
    ):
        shard.write_bytes(content)
        with pytest.raises(DataError, match=f"{shard.name}: {complaint}"):
            list(sharded(other).epoch(4, 0.0, 0, 0))
    shard.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        list(sharded(other).epoch(4, 0.0, 0, 0))


def test_several_folders_are_one_corpus(folder: ShardFolder) -> None:
    twice = ShardedDataset([folder, folder], LABELS, RATE_HZ, piece_clips=3, block_pieces=2)
    assert len(twice) == 2 * len(sharded(folder))
    draws = torch.cat([draws for _, draws in twice.epoch(8, 0.0, 0, 0)])
    assert sorted(draws.tolist()) == list(range(len(twice)))
    ids = [u.id for u in twice.whole().utterances]
    assert ids[: len(ids) // 2] == ids[len(ids) // 2 :]
    assert np.array_equal(twice.whole().targets[:32], twice.whole().targets[32:])
