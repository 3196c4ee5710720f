"""Does the exported file compute what the network computes?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor

from speechrnn.errors import ModelError
from speechrnn.frames import FrameGrid
from speechrnn.models.average import AnyModel
from speechrnn.models.command import ModelOutput

TOLERANCE = 1e-4
Call = tuple[Sequence[int], Sequence[int]]  # frames seen and frames committed, by row


def check_parity(model: AnyModel, path: str | Path) -> float:
    """Run the network and the exported file on the same input and compare all they return.

    Whole utterances of several lengths, alone and in batches, and windows of streams that carry
    their state on: noise of changing loudness, with garbage beyond each row's length.

    Args:
        model: In evaluation mode, on the CPU, in float32.
        path: The exported file.

    Returns:
        The largest difference of any log-probability, or of any state in relation to its size
        where that is above 1.

    Raises:
        ModelError: It is above 1e-4, or not a number.
    """
    session = open_session(path)
    clip = model.pool_frames
    whole = [(1,), (clip,), (2 * clip + 1,), (7, clip, 3 * clip // 2)]
    streams: list[list[Call]] = [[(frames, frames)] for frames in whole]
    streams.append([((12, 9), (8, 3)), ((5, 14), (5, 0)), ((clip, 20), (clip - 3, 20))])
    streams.append([((10,), (8,))] * (clip // 8 + 2))
    gaps = [worst for calls in streams for worst in differences(model, session, calls)]
    worst = float(np.max(gaps))  # not a number if any is not
    if not worst <= TOLERANCE:
        raise ModelError(
            f"{path}: differs from the network by {worst:.2g}, expected at most {TOLERANCE:g}; "
            "do not use this file, and report the configuration it came from"
        )
    return worst


def differences(
    model: AnyModel,
    session: ort.InferenceSession,
    calls: Sequence[Call],
    seed: int = 0,
) -> Iterator[float]:
    """The largest difference of each call, both sides carrying their own state from call to call.

    Args:
        model: In evaluation mode, on the CPU, in float32.
        session: The exported file.
        calls: What each call sees and commits; equal batch sizes.
        seed: Of the noise.
    """
    generator = torch.Generator().manual_seed(seed)
    names = [output.name for output in session.get_outputs()]
    state = model.initial_state(len(calls[0][0]))
    onnx_state = {name: tensor.numpy() for name, tensor in state.items()}
    for frames, commits in calls:
        wave, wave_lens = noise_waves(model.grid, frames, generator)
        commit = torch.tensor(commits)
        with torch.inference_mode():
            expected = model(wave, wave_lens, commit, state)
        counts = {"wave_lens": wave_lens.numpy(), "commit": commit.numpy()}
        values = session.run(None, {"wave": wave.numpy(), **counts, **onnx_state})
        got = dict(zip(names, values, strict=True))
        state = expected.state
        onnx_state = {name: got[f"next_{name}"] for name in state}
        yield _largest(expected, got, frames)


def noise_waves(
    grid: FrameGrid, frames: Sequence[int], generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """(B, S) noise whose loudness wanders, and (B) the samples that `frames` frames need.

    What lies beyond a row's samples is louder still, so that it shows where it leaks.
    """
    lens = torch.tensor([grid.padded_samples(count) for count in frames])
    shape = (len(frames), int(lens.max()))
    knots = torch.randn(len(frames), 1, 2 + max(frames) // 5, generator=generator)
    loudness = torch.nn.functional.interpolate(knots, shape[1], mode="linear")[:, 0]
    wave = torch.randn(shape, generator=generator) * 10 ** (loudness - 2)
    return torch.where(torch.arange(shape[1]) < lens[:, None], wave, 1e3), lens


def _largest(expected: ModelOutput, got: dict[str, np.ndarray], frames: Sequence[int]) -> float:
    """The largest difference; frames that are not valid do not count."""
    gaps = [
        gap(expected.log_probs[row, :count], got["log_probs"][row, :count])
        for row, count in enumerate(frames)
    ]
    if "clip_log_probs" in got:
        gaps.append(gap(expected.clip_log_probs, got["clip_log_probs"]))
    for name, tensor in expected.state.items():
        if not name.endswith("pool"):
            gaps.append(gap(tensor, got[f"next_{name}"], relative=True))
            continue
        for row, kept in enumerate(expected.state[f"{name}_lens"].tolist()):
            first = tensor.shape[1] - kept
            gaps.append(gap(tensor[row, first:], got[f"next_{name}"][row, first:], relative=True))
    return float(np.max(gaps))


def gap(expected: Tensor, got: np.ndarray, relative: bool = False) -> float:
    """The largest difference of two tensors, or `relative` to their size where that is above 1."""
    ours = expected.numpy()
    if ours.shape != got.shape:
        return np.inf
    scale = np.maximum(1.0, np.abs(ours)) if relative else 1.0
    return float((np.abs(ours - got) / scale).max(initial=0.0))


def open_session(path: str | Path) -> ort.InferenceSession:
    """An exported file, whatever it says about itself."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
