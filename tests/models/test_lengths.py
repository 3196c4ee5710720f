"""Lengths of a batch against the integer functions that own them."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.frames import FrameGrid
from speechrnn.models.lengths import num_frames, span_mask, valid_frames

GRIDS = st.tuples(st.integers(1, 400), st.integers(0, 2000)).map(
    lambda sizes: FrameGrid(sizes[0] + sizes[1], sizes[0])
)


@given(GRIDS, st.lists(st.integers(0, 10**9), min_size=1, max_size=5))
def test_equal_to_the_frame_grid(grid, samples):
    lens = torch.tensor(samples)
    assert num_frames(grid, lens).tolist() == [grid.num_frames(n) for n in samples]
    assert valid_frames(grid, lens).tolist() == [grid.valid_frames(n) for n in samples]


def test_span_mask():
    mask = span_mask(torch.tensor([0, 2, 1]), torch.tensor([1, 4, 1]), 4)
    assert mask.int().tolist() == [[1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]]
