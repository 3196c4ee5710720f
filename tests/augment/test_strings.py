"""Clips strung together: each whole, in its place, silence between."""

from __future__ import annotations

import torch

from speechrnn.augment.strings import string


def test_lays_clips_one_behind_the_other() -> None:
    wave = torch.tensor([[1.0, 2, 0], [3, 0, 0], [4, 5, 6], [7, 8, 0]])
    strung = string(
        wave, torch.tensor([2, 1, 3, 2]), torch.tensor([[1, 2], [0, 3]]), tail=1, multiple=4
    )
    assert strung.wave.tolist() == [
        [0, 1, 2, 0, 0, 3, 0, 0, 0, 0, 0, 0],
        [4, 5, 6, 0, 0, 0, 7, 8, 0, 0, 0, 0],
    ]
    assert strung.starts.tolist() == [[1, 5], [0, 6]]
    assert strung.stops.tolist() == [[3, 6], [3, 8]]


def test_the_last_clip_may_end_with_the_stream() -> None:
    wave = torch.tensor([[1.0, 0], [2, 3]])
    strung = string(wave, torch.tensor([1, 2]), torch.zeros(1, 2, dtype=torch.int64), 0, 3)
    assert strung.wave.tolist() == [[1, 2, 3]]
