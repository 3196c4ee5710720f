from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from speechrnn.decoding.operating_point import OperatingPoint, default_operating_point
from speechrnn.errors import ModelError
from speechrnn.runtime.model_file import StateSpec, open_model

POINT = default_operating_point(("high", "low"), False).as_metadata()


@pytest.fixture
def rewrite(tone_model: Path, tmp_path: Path):
    """Write the tone model with other metadata; None leaves it out."""

    def write(text: str | None) -> Path:
        proto = onnx.load(tone_model)
        del proto.metadata_props[:]
        if text is not None:
            proto.metadata_props.add(key="speechrnn", value=text)
        path = tmp_path / "model.onnx"
        path.write_bytes(proto.SerializeToString())
        return path

    return write


def test_reads_the_metadata(tone_model: Path) -> None:
    _, info = open_model(tone_model)
    assert info.labels == ("high", "low", "_silence_")
    assert (info.sample_rate_hz, info.clip_samples) == (16000, 16000)
    assert (info.grid.window_samples, info.grid.hop_samples) == (480, 320)
    assert info.file_bytes == tone_model.stat().st_size
    assert info.states == (StateSpec("rnn_0", ("B", 1), "float32", 0.0),)


def test_state_starts_with_the_batch_and_without_pooled_frames() -> None:
    state = StateSpec("pool", ("B", "P", 8), "float32", 0.0).start(3)
    assert state.shape == (3, 0, 8)
    peak = StateSpec("peak", ("B",), "float32", -4.5).start(2)
    np.testing.assert_array_equal(peak, np.float32([-4.5, -4.5]))
    assert StateSpec("pool_lens", ("B",), "int64", 0.0).start(2).dtype == np.int64


def test_reads_what_a_stream_goes_by(rewrite, tone_metadata: dict[str, Any]) -> None:
    _, info = open_model(rewrite(json.dumps({**tone_metadata, "operating_point": POINT})))
    assert info.operating_point == OperatingPoint.from_metadata(POINT)
    assert info.words == ("high", "low")
    assert (info.hop_ms, info.clip_ms) == (20, 1000)


def test_files_from_before_keyword_heads_share_the_clips_layer(
    rewrite, tone_metadata: dict[str, Any]
) -> None:
    assert open_model(rewrite(json.dumps(tone_metadata)))[1].frame_head == "shared"
    newer = json.dumps({**tone_metadata, "frame_head": "keyword"})
    assert open_model(rewrite(newer))[1].frame_head == "keyword"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.onnx: no model there"):
        open_model(tmp_path / "gone.onnx")


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a folder"):
        open_model(tmp_path)


@pytest.mark.parametrize("content", [b"RIFF....WAVE", b"text\n" * 1000, bytes(64)])
def test_a_foreign_file_is_said_to_be_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="speechrnn export") as fault:
        open_model(path)
    assert "\n" not in str(fault.value)


def test_an_empty_file_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.touch()
    with pytest.raises(ModelError, match="an empty file"):
        open_model(path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_cut_file_is_refused(tone_model: Path, tmp_path: Path, share: float) -> None:
    whole = tone_model.read_bytes()
    path = tmp_path / "cut.onnx"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ModelError, match=r"cut\.onnx"):
        open_model(path)


def test_an_onnx_file_of_another_program_is_said_to_be_one(rewrite) -> None:
    with pytest.raises(ModelError, match="without speechrnn's metadata"):
        open_model(rewrite(None))


def test_a_newer_format_asks_for_an_upgrade(rewrite, tone_metadata: dict[str, Any]) -> None:
    # Nothing else of it may be looked at: it may mean something else by then.
    newer = json.dumps({"format_version": 2, "labels": 7})
    with pytest.raises(ModelError, match=r"format_version 2.*reads up to 1; upgrade speechrnn"):
        open_model(rewrite(newer))


@pytest.mark.parametrize(
    "text", ["{", "[]", "null", '{"format_version": "one"}', '{"format_version": 1}', "\x00"]
)
def test_damaged_metadata_is_said_to_be_so(rewrite, text: str) -> None:
    with pytest.raises(ModelError, match="damaged metadata"):
        open_model(rewrite(text))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("labels", None),
        ("labels", []),
        ("labels", "yes"),
        ("sample_rate_hz", "fast"),
        ("sample_rate_hz", 0),
        ("grid", {"window_samples": 100, "hop_samples": 320}),
        ("grid", 3),
        ("clip_samples", -1),
        ("states", [{"name": "rnn_0"}]),
        ("states", [{"name": "rnn_0", "shape": ["B"], "dtype": "no such type", "initial": 0}]),
        ("config", 1),
        ("symbols", ["<blk>", "high"]),
        ("operating_point", 0.5),
        ("operating_point", {"source": "clip"}),
        ("operating_point", {**POINT, "source": "ear"}),
        ("operating_point", {**POINT, "smoothing_ms": None}),
        ("operating_point", {**POINT, "chunk_ms": -160.0}),
        ("operating_point", {**POINT, "thresholds": {"high": 0.5}}),
    ],
)
def test_a_damaged_field_is_an_error(
    rewrite, tone_metadata: dict[str, Any], key: str, value: Any
) -> None:
    with pytest.raises(ModelError, match="damaged metadata"):
        open_model(rewrite(json.dumps({**tone_metadata, key: value})))


def test_a_state_that_the_graph_lacks_is_named(rewrite, tone_metadata: dict[str, Any]) -> None:
    state = {"name": "rnn_9", "shape": ["B", 1], "dtype": "float32", "initial": 0.0}
    text = json.dumps({**tone_metadata, "states": [*tone_metadata["states"], state]})
    with pytest.raises(ModelError, match=r"disagree about next_rnn_9, rnn_9"):
        open_model(rewrite(text))


def test_a_state_that_the_metadata_lack_is_named(rewrite, tone_metadata: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="disagree about rnn_0"):
        open_model(rewrite(json.dumps({**tone_metadata, "states": []})))
