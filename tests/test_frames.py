"""Frame arithmetic."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from speechrnn.frames import FrameGrid

grids = st.builds(
    lambda hop, extra, stages: _then(FrameGrid(hop + extra, hop), stages),
    st.integers(1, 400),
    st.integers(0, 400),
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3)), max_size=3),
)


def _then(grid: FrameGrid, stages: list[tuple[int, int]]) -> FrameGrid:
    for kernel, stride in stages:
        grid = grid.then(kernel, stride)
    return grid


@given(grids, st.integers(0, 10**7))
def test_padding_makes_exactly_the_frames_counted(grid: FrameGrid, num_samples: int) -> None:
    frames = grid.num_frames(num_samples)
    padded = grid.padded_samples(frames)
    assert grid.valid_frames(padded) == frames
    assert grid.valid_frames(padded - 1) == frames - 1


@given(grids, st.integers(1, 10**6))
def test_last_frame_lies_within_the_audio(grid: FrameGrid, num_samples: int) -> None:
    last = (grid.num_frames(num_samples) - 1) * grid.hop_samples
    assert last < num_samples <= last + grid.hop_samples


@given(grids, st.integers(1, 5), st.integers(1, 3), st.integers(0, 10**5))
def test_stages_compose(grid: FrameGrid, kernel: int, stride: int, num_samples: int) -> None:
    before = grid.valid_frames(num_samples)
    staged = max(0, (before - kernel) // stride + 1)
    assert grid.then(kernel, stride).valid_frames(num_samples) == staged


@given(grids)
def test_context_is_the_rest_of_the_window(grid: FrameGrid) -> None:
    assert grid.left_samples + grid.hop_samples + grid.right_samples == grid.window_samples
