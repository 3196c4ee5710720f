"""Counted random numbers. Statistical bounds are five standard errors or more: fixed seeds."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from speechrnn.augment.draws import Stream, spread, uniform


def test_draws_are_the_same_whatever_the_batch() -> None:
    utterances = torch.tensor([5, 900_000, 0, 17])
    together = uniform(3, 7, utterances, 6, Stream.WAVES)
    for row, utterance in enumerate(utterances):
        alone = uniform(3, 7, utterance[None], 6, Stream.WAVES)
        torch.testing.assert_close(together[row : row + 1], alone, rtol=0, atol=0)
    more = uniform(3, 7, utterances, 9, Stream.WAVES)
    torch.testing.assert_close(more[:, :6], together, rtol=0, atol=0)


def test_draws_are_uniform() -> None:
    draws = uniform(0, 0, torch.arange(50_000), 2, Stream.WAVES).numpy().ravel()
    assert draws.dtype == np.float32 and draws.min() >= 0 and draws.max() < 1
    counts = np.histogram(draws, 100, (0, 1))[0]
    expected = len(draws) / 100
    chi_squared = ((counts - expected) ** 2 / expected).sum()
    assert abs(chi_squared - 99) < 5 * np.sqrt(2 * 99)


def test_seed_epoch_stream_utterance_and_column_are_independent() -> None:
    utterances = torch.arange(20_000)
    keys = itertools.product((0, 1), (0, 1), (Stream.WAVES, Stream.FEATURES))
    columns = [
        uniform(seed, epoch, utterances, 2, stream).T.numpy() for seed, epoch, stream in keys
    ]
    columns = np.concatenate(columns)  # 16 columns of 20,000
    neighbours = np.stack([columns[0][:-1], columns[0][1:]])
    correlation = np.corrcoef(columns) - np.eye(16)
    bound = 5 / np.sqrt(20_000)
    assert abs(correlation).max() < bound
    assert abs(np.corrcoef(neighbours)[0, 1]) < bound


def test_spread_reaches_from_low_to_high() -> None:
    spanned = spread(torch.tensor([0.0, 0.5, 1.0]), (-2.0, 6.0))
    torch.testing.assert_close(spanned, torch.tensor([-2.0, 2.0, 6.0]))
