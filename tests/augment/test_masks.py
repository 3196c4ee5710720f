from __future__ import annotations

import torch

from speechrnn.augment.draws import Stream, uniform
from speechrnn.augment.masks import frequency_masks, time_masks


def runs(left: torch.Tensor) -> list[int]:
    """How many places each row lost."""
    return (~left).sum(1).tolist()


def test_time_masks_lie_inside_the_utterance() -> None:
    lens = torch.randint(1, 80, (2000,), generator=torch.Generator().manual_seed(0))
    draws = uniform(0, 0, torch.arange(2000), 2, Stream.FEATURES).view(2000, 1, 2)
    left = time_masks(lens, 80, 6, draws)
    assert left[torch.arange(80) >= lens[:, None]].all()
    hidden = torch.tensor(runs(left))
    assert (hidden <= torch.clamp(lens // 5, max=6)).all()
    long = lens >= 30
    assert set(hidden[long].tolist()) == set(range(7))  # each width comes
    edges = torch.diff((~left).long(), dim=1, prepend=torch.zeros(2000, 1).long())
    assert ((edges == 1).sum(1) <= 1).all()  # one stretch
    ends = left[torch.arange(2000), lens - 1]
    assert not left[long, 0].all() and not ends[long].all()  # they reach both ends


def test_masks_join() -> None:
    draws = torch.tensor([[[0.999, 0.0], [0.999, 0.999]]])
    left = time_masks(torch.tensor([20]), 25, 3, draws)
    expected = torch.ones(1, 25, dtype=torch.bool)
    expected[0, :3] = False
    expected[0, 17:20] = False
    torch.testing.assert_close(left, expected)


def test_frequency_masks_have_at_most_their_share() -> None:
    draws = uniform(0, 0, torch.arange(3000), 2, Stream.FEATURES).view(3000, 1, 2)
    left = frequency_masks(40, 8, draws)
    assert left.shape == (3000, 40) and set(runs(left)) == set(range(9))
    assert not left[:, 0].all() and not left[:, -1].all()


def test_no_masks_leave_everything() -> None:
    assert time_masks(torch.tensor([9, 4]), 9, 5, torch.zeros(2, 0, 2)).all()
