"""Decoded clips, and how an epoch is drawn from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from speechrnn.datadir import Utterance, read_datadir
from speechrnn.dataset import Dataset, load_dataset, sequential_batches
from speechrnn.errors import DataError
from speechrnn.vocabulary import Vocabulary


def skewed(counts: tuple[int, ...]) -> Dataset:
    targets = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    lengths = 100 + 37 * torch.arange(len(targets)) % 900
    return Dataset(
        torch.zeros(int(lengths.sum()), dtype=torch.int16),
        lengths.cumsum(0) - lengths,
        lengths,
        targets,
        tuple(Utterance(f"u{i}", Path("none"), "s", "w", f"u{i}") for i in range(len(targets))),
        (),
    )


def epoch_draws(
    dataset: Dataset, batch_size: int, balance: float, seed: int = 0, epoch: int = 0
) -> list[torch.Tensor]:
    return [draws for _, draws in dataset.epoch(batch_size, balance, seed, epoch)]


def test_waves_are_what_the_files_hold(tones: Path) -> None:
    utterances = read_datadir(tones / "train")
    dataset = load_dataset(utterances, Vocabulary.of_words(u.text for u in utterances), 8000)
    wave, wave_lens = dataset.waves(torch.tensor([3, 0, 7]))
    for row, index in enumerate([3, 0, 7]):
        expected, _ = soundfile.read(utterances[index].wav, dtype="float32")
        assert wave_lens[row] == len(expected)
        # Stored in 16 bits: half a step of rounding on either side.
        np.testing.assert_allclose(wave[row, : len(expected)], expected, atol=1.1 / 32767)
        assert not wave[row, len(expected) :].any()


def test_unreadable_clips_are_left_out_and_named(tones: Path, tmp_path: Path) -> None:
    good = read_datadir(tones / "train")[:2]
    broken = tmp_path / "broken.wav"
    broken.write_text("no audio")
    bad = Utterance("zed-1", broken, "zed", good[0].text, "zed-1")
    vocabulary = Vocabulary.of_words(u.text for u in good)
    dataset = load_dataset([good[0], bad, good[1]], vocabulary, 8000)
    assert [u.id for u in dataset.utterances] == [good[0].id, good[1].id]
    assert len(dataset.faults) == 1 and "broken.wav" in dataset.faults[0]
    with pytest.raises(DataError, match="broken"):
        load_dataset([bad], vocabulary, 8000)


def test_unknown_words_need_an_unknown_class(tones: Path) -> None:
    utterances = read_datadir(tones / "train")
    with pytest.raises(DataError, match="no 'low'"):
        load_dataset(utterances, Vocabulary(["high", "mid"]), 8000)
    dataset = load_dataset(utterances, Vocabulary(["high", "mid", "_unknown_"]), 8000)
    lows = [i for i, u in enumerate(dataset.utterances) if u.text == "low"]
    assert set(dataset.targets[lows].tolist()) == {2}


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_an_unbalanced_epoch_takes_every_clip_once(batch_size: int) -> None:
    dataset = skewed((50, 30, 20))
    batches = epoch_draws(dataset, batch_size, 0.0, seed=1)
    assert sorted(torch.cat(batches).tolist()) == list(range(100))
    sequential = torch.cat(list(sequential_batches(dataset, batch_size)))
    assert sorted(sequential.tolist()) == list(range(100))


@pytest.mark.parametrize(("balance", "shares"), [(1.0, (100, 100, 100)), (0.5, (176, 79, 45))])
def test_balance_draws_rare_classes_more_often(balance: float, shares: tuple[int, ...]) -> None:
    # 240, 48 and 16 clips; at 0.5 each class weighs the square root of its count.
    dataset = skewed((240, 48, 16))
    drawn = torch.cat(epoch_draws(dataset, 16, balance, epoch=3))
    assert len(drawn.unique()) == len(drawn)  # a clip that comes again is another draw of it
    counts = torch.bincount(dataset.targets[drawn % len(dataset)], minlength=3).double()
    expected = torch.tensor(shares, dtype=torch.float64) * len(drawn) / sum(shares)
    torch.testing.assert_close(counts, expected, atol=3.0, rtol=0.0)
    assert abs(len(drawn) - len(dataset)) <= 1


def test_epochs_differ_and_repeat_exactly() -> None:
    dataset = skewed((50, 50))
    first, again, second = (epoch_draws(dataset, 8, 0.5, 5, epoch) for epoch in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(torch.cat(first), torch.cat(second))


def test_batches_hold_clips_of_similar_length() -> None:
    dataset = skewed((500, 500))
    batches = epoch_draws(dataset, 10, 0.0)
    spans = [int(dataset.lengths[b].max() - dataset.lengths[b].min()) for b in batches]
    assert np.median(spans) < 150  # of 900 in the whole set


def test_batches_hold_draws_that_become_of_similar_length() -> None:
    dataset = skewed((300, 20))
    seen = []

    def played(lengths: Tensor, draws: Tensor) -> Tensor:
        seen.append((lengths, draws))
        return draws * 7919 % 1009 * 100  # which has nothing to do with what they were

    batches = [draws for _, draws in dataset.epoch(10, 1.0, 0, 0, played=played)]
    lows, highs = zip(*(torch.aminmax(draws * 7919 % 1009) for draws in batches), strict=True)
    spans = [int(high - low) for low, high in zip(lows, highs, strict=True)]
    assert np.median(spans) < 150  # of 1009
    for lengths, draws in seen:
        assert torch.equal(lengths, dataset.lengths[draws % len(dataset)])
    assert max(int(draws.max()) for _, draws in seen) >= len(dataset)


def test_no_batch_is_much_smaller_than_the_others() -> None:
    """The clips that are left over are the longest of all: they would count several times."""
    sizes = [len(draws) for draws in epoch_draws(skewed((50, 15)), 32, 0.0)]
    assert sorted(sizes) == [21, 22, 22]


def test_an_epoch_goes_on_where_it_was_left() -> None:
    dataset = skewed((50, 20))
    whole = epoch_draws(dataset, 8, 0.5)
    rest = [draws for _, draws in dataset.epoch(8, 0.5, 0, 0, first=5)]
    assert len(rest) == len(whole) - 5
    assert all(torch.equal(a, b) for a, b in zip(rest, whole[5:], strict=True))
    assert dataset.num_steps(8) == len(whole)
