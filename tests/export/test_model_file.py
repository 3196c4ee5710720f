"""The exported file: equal to the network, complete, and written whole or not at all."""

import json
import random

import numpy as np
import onnx
import pytest
import torch

from speechrnn.errors import ModelError
from speechrnn.export.model_file import export_model
from speechrnn.export.parity import check_parity, differences

CELLS = ["gru", "lstm", "rnn_tanh", "rnn_relu", "mingru", "rglru", "feedforward"]
POOLINGS = ["last", "mean", "max", "attention", "multihead"]


def padded_wave(model, samples, seed=0):
    """(1, S) noise that swells and fades, between the zeros that a caller puts around it."""
    generator = torch.Generator().manual_seed(seed)
    swell = torch.linspace(0, 25, samples).sin().square()
    grid = model.grid
    padded = torch.zeros(1, grid.padded_samples(grid.num_frames(samples)))
    noise = 0.1 * torch.randn(samples, generator=generator) * swell
    padded[0, grid.left_samples : grid.left_samples + samples] = noise
    return padded


def first_state(model):
    return {name: tensor.numpy() for name, tensor in model.initial_state(1).items()}


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("cell", CELLS)
def test_every_network_equals_its_export(cell, pooling, bidirectional, make_model, tmp_path):
    """The export's own check covers lengths, batches and streams; it raises above 1e-4."""
    strided = pooling in ("mean", "attention")
    model = make_model(
        cell=cell,
        pooling=pooling,
        bidirectional=bidirectional,
        strided=strided,
        layer_norm=strided,
    )
    report = export_model(model, tmp_path / "model.onnx", {})
    assert report.max_difference <= 1e-4
    assert report.file_bytes == (tmp_path / "model.onnx").stat().st_size
    assert report.num_parameters == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("features", ["logmel", "absolute", "kaldi"])
def test_every_front_end_equals_its_export(features, make_model, tmp_path):
    report = export_model(make_model(features, strided=True), tmp_path / "model.onnx", {})
    assert report.max_difference <= 1e-4


@pytest.mark.parametrize("cell", CELLS)
def test_streams_equal_the_network_at_random_chunks(cell, make_model, open_session, tmp_path):
    model = make_model(cell=cell, strided=True)
    export_model(model, tmp_path / "model.onnx", {})
    session = open_session(tmp_path / "model.onnx")
    sizes = random.Random(cell)
    for _ in range(3):
        calls = []
        for _ in range(12):
            seen = [sizes.randint(1, 25) for _ in range(3)]
            calls.append((seen, [sizes.randint(0, count) for count in seen]))
        assert max(differences(model, session, calls, seed=sizes.randint(0, 99))) <= 1e-4


@pytest.mark.parametrize("cell", CELLS)
def test_chunk_by_chunk_equals_whole(cell, make_model, open_session, run, tmp_path):
    model = make_model(cell=cell, strided=True, bidirectional=False)
    export_model(model, tmp_path / "model.onnx", {})
    session = open_session(tmp_path / "model.onnx")
    wave = padded_wave(model, 16000).numpy()
    frames, grid = model.grid.num_frames(16000), model.grid
    counts = {"wave_lens": [wave.shape[1]], "commit": [frames]}
    whole = run(session, wave=wave, **counts, **first_state(model))
    state, place, parts = first_state(model), 0, []
    sizes = random.Random(1)
    while place < frames:
        commit = min(sizes.randint(1, 8), frames - place)
        window = wave[:, place * grid.hop_samples :][:, : grid.padded_samples(commit)]
        counts = {"wave_lens": [window.shape[1]], "commit": [commit]}
        got = run(session, wave=window, **counts, **state)
        parts.append(got["log_probs"])
        state = {name: got[f"next_{name}"] for name in state}
        place += commit
    joined = np.concatenate(parts, axis=1)
    np.testing.assert_allclose(joined, whole["log_probs"], atol=1e-4, rtol=0)
    for name, value in state.items():
        np.testing.assert_allclose(value, whole[f"next_{name}"], atol=1e-4, rtol=0)


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_what_lies_beyond_the_length_does_not_matter(
    cell, bidirectional, make_model, open_session, run, tmp_path
):
    """Not even what is no number, and whatever the buffer's size."""
    model = make_model(cell=cell, strided=True, bidirectional=bidirectional)
    export_model(model, tmp_path / "model.onnx", {})
    session = open_session(tmp_path / "model.onnx")
    wave = padded_wave(model, 5000).numpy()
    frames = model.grid.num_frames(5000)
    counts = {"wave_lens": [wave.shape[1]], "commit": [frames - 2]}
    expected = run(session, wave=wave, **counts, **first_state(model))
    for extra in (1, 7, 1600):
        tail = np.full((1, extra), np.nan, np.float32)
        got = run(session, wave=np.hstack([wave, tail]), **counts, **first_state(model))
        np.testing.assert_allclose(
            got["log_probs"][:, :frames], expected["log_probs"], atol=1e-5, rtol=0
        )
        kept = frames - 2
        got["next_pool"], wanted = got["next_pool"][:, -kept:], expected["next_pool"][:, -kept:]
        np.testing.assert_allclose(got["next_pool"], wanted, atol=1e-5, rtol=0)
        for name in expected.keys() - {"log_probs", "next_pool"}:
            np.testing.assert_allclose(got[name], expected[name], atol=1e-5, rtol=0)


def test_metadata(make_model, tmp_path):
    model = make_model(cell="lstm")
    provenance = {"created": "2026-01-01", "seed": 3}
    export_model(model, tmp_path / "model.onnx", provenance)
    proto = onnx.load(tmp_path / "model.onnx")
    onnx.checker.check_model(proto, full_check=True)
    assert [prop.key for prop in proto.metadata_props] == ["speechrnn"]
    metadata = json.loads(proto.metadata_props[0].value)
    assert metadata["format_version"] == 1
    assert metadata["labels"] == metadata["symbols"] == ["go", "no", "yes"]
    assert metadata["sample_rate_hz"] == 8000
    grid = model.config.grid
    assert metadata["grid"] == {
        "window_samples": grid.window_samples,
        "hop_samples": grid.hop_samples,
    }
    assert metadata["clip_samples"] == 8000
    assert metadata["pool_frames"] == grid.num_frames(8000)
    assert metadata["config"] == model.config.model_dump(mode="json")
    assert metadata["operating_point"] is None
    assert metadata["provenance"] == provenance
    states = {state["name"]: state for state in metadata["states"]}
    names = ["rnn_0", "rnn_0_cell", "rnn_1", "rnn_1_cell", "peak", "pool", "pool_lens"]
    assert sorted(states) == sorted(names)
    assert states["pool"]["shape"] == ["B", "P", 16]
    assert states["pool_lens"]["dtype"] == "int64"
    assert states["peak"]["initial"] == pytest.approx(float(model.front_end.initial_peak(1)[0]))
    inputs = [value.name for value in proto.graph.input]
    assert inputs == ["wave", "wave_lens", "commit", *states]
    outputs = [value.name for value in proto.graph.output]
    assert outputs == ["log_probs", "clip_log_probs", *(f"next_{name}" for name in states)]


def test_a_file_that_differs_is_refused(make_model, tmp_path):
    model = make_model()
    path = tmp_path / "model.onnx"
    export_model(model, path, {})
    with torch.no_grad():
        model.encoder.layers[1].rnn.weight_hh_l0[0, 0] += 0.1
    with pytest.raises(ModelError, match="differs from the network"):
        check_parity(model, path)


def test_a_network_that_yields_no_numbers_is_refused(make_model, tmp_path):
    model = make_model()
    with torch.no_grad():
        model.head.output.bias[0] = float("nan")
    with pytest.raises(ModelError, match="nan"):
        export_model(model, tmp_path / "model.onnx", {})
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_leaves_the_old_file(make_model, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    model = make_model()
    with torch.no_grad():
        model.head.output.bias[0] = float("nan")
    with pytest.raises(ModelError):
        export_model(model, path, {})
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]


def test_export_leaves_the_model_as_it_was(make_model, tmp_path):
    model = make_model().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    export_model(model, tmp_path / "model.onnx", {})
    assert model.training
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, before[name], atol=0, rtol=0)
