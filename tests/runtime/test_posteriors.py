from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.decoding.operating_point import default_operating_point
from speechrnn.models.chunks import Chunking
from speechrnn.models.command import CommandModel
from speechrnn.runtime.model_file import open_model
from speechrnn.runtime.posteriors import Posteriors, PosteriorStream, window_frames, word_track
from speechrnn.runtime.recognizer import load_model

KINDS = (
    "gru, attention",
    "lstm, last",
    "rnn_tanh, max",
    "rnn_relu, mean",
    "mingru, mean",
    "rglru, max",
    "feedforward, mean",
    "unidirectional gru, last",
    "unidirectional lstm, max",
    "multihead, convolutions over bands",
    "keyword head",
    "ctc beside a clip head",
    "ctc alone",
    "gru behind projections",
    "int8 gru, multihead",
    "int8 lstm, last",
)
CHUNKINGS = ((1, 0), (1, 3), (4, 0), (4, 4), (7, 2), (3, 500), (500, 0))  # frames


class TorchSession:
    """Runs the network where a stream expects the model file."""

    def __init__(self, model: CommandModel) -> None:
        self._model = model

    def run(self, outputs: Sequence[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        state = {name: torch.from_numpy(np.array(value)) for name, value in inputs.items()}
        wave, wave_lens, commit = (state.pop(name) for name in ("wave", "wave_lens", "commit"))
        with torch.inference_mode():
            got = self._model(wave, wave_lens, commit, state)
        values = {"log_probs": got.log_probs, "clip_log_probs": got.clip_log_probs}
        values |= {f"next_{name}": tensor for name, tensor in got.state.items()}
        return [values[name].numpy() for name in outputs]


def swelling_noise(samples: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    swell = np.sin(np.arange(samples) / 2500) ** 2
    return (0.1 * swell * random.standard_normal(samples)).astype(np.float32)


def offline(
    model: CommandModel, wave: np.ndarray, chunk: int, look_ahead: int
) -> tuple[np.ndarray, np.ndarray]:
    """(T, V) of all frames and (K, V') of all windows, with the whole recording at hand.

    The front end runs over all of it at once, and so does each layer; no state is carried.
    """
    grid, chunking = model.grid, Chunking(chunk, look_ahead)
    count = grid.num_frames(len(wave))
    padded = torch.zeros(1, grid.padded_samples(count))
    padded[0, grid.left_samples : grid.left_samples + len(wave)] = torch.from_numpy(wave)
    state = model.initial_state(1)
    with torch.inference_mode():
        feats, _ = model.stream_features(padded, state.get("peak"))
        windows, _ = model.encode(feats, state, chunking)
        hidden = chunking.committed(windows, count)
        frames = model.frame_output(hidden).log_softmax(-1)[0]
        clips = []
        for k in range(windows.shape[1]):
            if model.head is None:
                clips.append(torch.zeros(0))
                continue
            length = min(chunk + look_ahead, count - k * chunk)
            past = hidden[:, max(0, k * chunk - model.pool_frames) : k * chunk]
            pooled = torch.cat([past, windows[:, k, :length]], dim=1)
            stop = torch.tensor([pooled.shape[1]])
            clips.append(model.head(pooled, torch.tensor([0]), stop).log_softmax(-1)[0])
    return frames.numpy(), torch.stack(clips).numpy()


def heard(stream: PosteriorStream, blocks: Sequence[np.ndarray]) -> list[Posteriors]:
    found = [posteriors for block in blocks for posteriors in stream.accept(block)]
    return found + stream.finish()


def joined(found: list[Posteriors], chunk: int) -> tuple[np.ndarray, np.ndarray]:
    """All frames and all clips, after checking that the frames follow each other."""
    assert [p.first_frame for p in found] == [chunk * k for k in range(len(found))]
    return np.concatenate([p.frames for p in found]), np.stack([p.clip for p in found])


def random_blocks(wave: np.ndarray, seed: int) -> list[np.ndarray]:
    """Some single samples, some large blocks, some empty ones."""
    sizes = 10 ** np.random.default_rng(seed).uniform(-0.3, 3.7, len(wave))
    return np.split(wave, np.minimum(np.cumsum(sizes.astype(int)), len(wave)))


@pytest.mark.parametrize("kind", KINDS)
def test_streaming_equals_the_whole_recording_at_hand(kind: str, exported) -> None:
    """Network offline = network in a stream = model file in a stream, ends and all."""
    model, path = exported(kind)
    session, info = open_model(path)
    hop = model.grid.hop_samples
    for seed, (chunk, look_ahead) in enumerate(CHUNKINGS):
        for samples in (1, hop, hop + 1, 12 * hop - 1, 19999):
            wave = swelling_noise(samples, seed)
            expected = offline(model, wave, chunk, look_ahead)
            assert len(expected[0]) == model.grid.num_frames(samples)
            for runner in (TorchSession(model), session):
                stream = PosteriorStream(runner, info, chunk, look_ahead)
                got = joined(heard(stream, random_blocks(wave, seed)), chunk)
                for ours, theirs in zip(got, expected, strict=True):
                    np.testing.assert_allclose(ours, theirs, atol=1e-4, rtol=0)


def test_look_ahead_is_what_makes_the_difference(exported) -> None:
    """So that the comparison above compares something."""
    model, _ = exported("gru, attention")
    wave = swelling_noise(19999)
    frames = [offline(model, wave, 4, look_ahead)[0] for look_ahead in (0, 2, 500)]
    for one, other in pairwise(frames):
        assert np.abs(one - other).max() > 1e-2


@pytest.mark.parametrize("kind", ["gru, attention", "unidirectional lstm, max"])
def test_single_samples_are_blocks_too(kind: str, exported) -> None:
    session, info = open_model(exported(kind)[1])
    wave = swelling_noise(6001)
    whole = joined(heard(PosteriorStream(session, info, 4, 2), [wave]), 4)
    singly = joined(heard(PosteriorStream(session, info, 4, 2), np.split(wave, 6001)), 4)
    for ours, theirs in zip(singly, whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 9000), max_size=20),
    st.integers(1, 9),
    st.integers(0, 9),
    st.integers(1, 9000),
)
def test_blocks_do_not_matter(
    exported, cuts: list[int], chunk: int, look_ahead: int, samples: int
) -> None:
    session, info = open_model(exported("gru, attention")[1])
    wave = swelling_noise(samples)
    whole = joined(heard(PosteriorStream(session, info, chunk, look_ahead), [wave]), chunk)
    blocks = np.split(wave, sorted(min(cut, samples) for cut in cuts))
    parts = joined(heard(PosteriorStream(session, info, chunk, look_ahead), blocks), chunk)
    for ours, theirs in zip(parts, whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_nothing_heard_is_nothing_said(exported) -> None:
    session, info = open_model(exported("gru, attention")[1])
    stream = PosteriorStream(session, info, 4, 4)
    assert stream.accept(np.zeros(0, np.float32)) == []
    assert stream.finish() == []


@pytest.mark.parametrize(("chunk", "look_ahead"), [(1, 0), (4, 4), (2, 9)])
def test_a_window_runs_with_its_last_sample(chunk: int, look_ahead: int, exported) -> None:
    session, info = open_model(exported("gru, attention")[1])
    stream = PosteriorStream(session, info, chunk, look_ahead)
    width = (chunk + look_ahead) * info.grid.hop_samples + info.grid.right_samples
    assert stream.latency_samples == stream.missing_samples == width
    assert stream.accept(np.zeros(width - 1, np.float32)) == []
    assert stream.missing_samples == 1
    assert len(stream.accept(np.zeros(1, np.float32))) == 1
    assert stream.missing_samples == chunk * info.grid.hop_samples


def test_memory_does_not_grow(exported) -> None:
    session, info = open_model(exported("lstm, last")[1])
    stream = PosteriorStream(session, info, 4, 2)

    def held() -> int:
        return sum(array.nbytes for array in (stream._window, *stream._state.values()))

    sizes = []
    for _ in range(3):
        for block in np.split(swelling_noise(40_000), 10):
            stream.accept(block)
        sizes.append(held())
    assert len(set(sizes)) == 1


def test_tracks_hold_the_words_alone(exported) -> None:
    session, info = open_model(exported("keyword head")[1])
    assert info.words == ("go", "no", "stop")
    assert info.symbols == ("<blk>", "go", "no", "stop")
    [first, *_] = heard(PosteriorStream(session, info, 4, 2), [swelling_noise(8000)])
    clip, frames = np.exp(first.clip[:3]), np.exp(first.frames[:, 1:])
    np.testing.assert_allclose(word_track(first, info, "clip"), np.tile(clip, (4, 1)))
    np.testing.assert_allclose(word_track(first, info, "frames"), frames)
    np.testing.assert_allclose(word_track(first, info, "both"), np.sqrt(clip * frames), rtol=1e-5)


def test_tracks_of_a_shared_head(exported) -> None:
    session, info = open_model(exported("gru, attention")[1])
    [first, *_] = heard(PosteriorStream(session, info, 4, 2), [swelling_noise(8000)])
    np.testing.assert_allclose(word_track(first, info, "frames"), np.exp(first.frames[:, :3]))


@pytest.mark.parametrize(
    ("chunk_ms", "look_ahead_ms", "frames"),
    [(160, 160, (4, 4)), (0, 0, (1, 0)), (10, 19, (1, 0)), (90, 110, (2, 3))],
)
def test_durations_become_frames(chunk_ms, look_ahead_ms, frames, exported) -> None:
    info = load_model(exported("gru, attention")[1]).info
    point = default_operating_point(info.words, False)
    vars(point).update(chunk_ms=chunk_ms, look_ahead_ms=look_ahead_ms)
    assert info.hop_ms == 40
    assert window_frames(info, point) == frames
