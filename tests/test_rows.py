"""Rows of samples: compared bit for bit."""

from __future__ import annotations

import torch

from speechrnn.rows import span, stretches, up_to


def test_stretches_may_overlap_and_reach_the_end() -> None:
    samples = torch.arange(10, dtype=torch.int16)
    found = stretches(samples, torch.tensor([6, 0, 5, 6]), 4)
    assert found.tolist() == [[6, 7, 8, 9], [0, 1, 2, 3], [5, 6, 7, 8], [6, 7, 8, 9]]
    assert found.dtype == torch.int16


def test_span_is_one_between_start_and_stop() -> None:
    starts, stops = torch.tensor([0, 2, 5, 3]), torch.tensor([5, 3, 5, 0])
    expected = [[1, 1, 1, 1, 1], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    assert span(starts, stops, 5, torch.int16).tolist() == expected
    assert up_to(starts, 5, torch.float32).tolist() == [
        [0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 1, 1],
        [1, 1, 1, 0, 0],
    ]
