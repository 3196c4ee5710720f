"""Windows of a stream run together give what they give one after the other."""

from __future__ import annotations

import pytest
import torch

from speechrnn.config import ModelConfig
from speechrnn.models.chunks import Chunking
from speechrnn.models.encoder import RecurrentEncoder

CELLS = ["gru", "lstm", "rnn_tanh", "rnn_relu", "mingru", "rglru", "feedforward"]
EXACT = {"rtol": 0, "atol": 1e-10}
FRAMES = 23


def test_windows_overlap_and_their_first_frames_are_the_stream() -> None:
    x = torch.arange(1.0, 12.0)[None, :, None]
    chunking = Chunking(chunk=4, look_ahead=3)
    windows = chunking.windows(x)
    assert windows[0, :, :, 0].tolist() == [
        [1, 2, 3, 4, 5, 6, 7],
        [5, 6, 7, 8, 9, 10, 11],
        [9, 10, 11, 0, 0, 0, 0],
    ]
    assert chunking.num_whole(11) == 2
    assert torch.equal(chunking.committed(windows, 11), x)


@pytest.mark.parametrize(
    ("chunk", "look_ahead", "frames", "whole"),
    [(4, 3, 11, 2), (4, 3, 10, 1), (4, 3, 6, 0), (4, 0, 8, 2), (4, 9, 8, 0)],
)
def test_counts_windows_that_see_all_of_their_look_ahead(
    chunk: int, look_ahead: int, frames: int, whole: int
) -> None:
    chunking = Chunking(chunk, look_ahead)
    seen = [k for k in range(chunking.num_windows(frames)) if k * chunk + chunking.width <= frames]
    assert chunking.num_whole(frames) == whole == len(seen)


@pytest.mark.parametrize(
    ("chunk", "look_ahead"), [(1, 0), (4, 3), (5, 0), (3, 9), (FRAMES, 2), (30, 4)]
)
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_encoder_runs_windows_together_as_one_after_the_other(
    cell: str, bidirectional: bool, layers: int, chunk: int, look_ahead: int
) -> None:
    torch.manual_seed(0)
    config = ModelConfig(
        cell=cell, hidden_size=4, layers=layers, bidirectional=bidirectional, layer_norm=True
    )
    encoder = RecurrentEncoder(config, 5).eval().double()
    x = torch.randn(2, FRAMES, 5, dtype=torch.float64)
    state = [tuple(torch.randn_like(part) for part in s) for s in encoder.initial_state(2)]
    chunking = Chunking(chunk, look_ahead)
    for learning in (True, False):
        with torch.set_grad_enabled(learning):
            together, last = encoder.windows(x, state, chunking)
            carried = state
            for k in range(chunking.num_windows(FRAMES)):
                begin = k * chunk
                end = min(begin + chunking.width, FRAMES)
                lens = torch.full((2,), end - begin)
                commit = lens.clamp(max=chunk)
                hidden, carried = encoder(x[:, begin:end], lens, carried, commit)
                torch.testing.assert_close(together[:, k, : end - begin], hidden, **EXACT)
        torch.testing.assert_close(last, carried, **EXACT)
