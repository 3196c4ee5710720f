"""The configuration: strict, and its errors name the key and the nearest right one."""

from __future__ import annotations

from pathlib import Path

import pytest

from speechrnn.config import Config, dump_config, load_config
from speechrnn.errors import ConfigError


def load(tmp_path: Path, text: str, *overrides: str) -> Config:
    path = tmp_path / "run.yaml"
    path.write_text(text)
    return load_config(path, overrides)


def test_round_trip(tmp_path: Path) -> None:
    text = (
        "model: {cell: lstm, convolutions: [{channels: 8, kernel: 3}]}\naugment: {speed: [1, 1.2]}"
    )
    config = load(tmp_path, text)
    assert config.model.cell == "lstm" and config.augment.speed == (1.0, 1.2)
    assert load(tmp_path, dump_config(config)) == config


def test_empty_file_is_all_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Config()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model: {hiden_size: 3}", "unknown key 'model.hiden_size'; did you mean 'hidden_size'"),
        ("zzz: 3", "unknown key 'zzz'; known here: clip_ms"),
        ("model: {convolutions: [{chanels: 3}]}", "did you mean 'channels'"),
        ("model: {convolutions: [{channels: 3, kernel: 3, bands: 4}]}", "bands must be odd"),
        (
            "model: {convolutions: [{channels: 3, kernel: 3, band_stride: 2}]}",
            "band_stride needs bands",
        ),
        (
            "model: {convolutions: [{channels: 3, kernel: 3, bands: 1, band_stride: 2}]}",
            "must not exceed bands",
        ),
        (
            "model: {convolutions: [{channels: 3, kernel: 3}, {channels: 3, kernel: 3, bands: 3}]}",
            "leave no bands",
        ),
        (
            "model: {convolutions: [{channels: 3, kernel: 3, bands: 3}]}",
            "set features.kind logmel",
        ),
        ("model: {hidden_size: many}", "model.hidden_size: input should be a valid integer"),
        ("model: {hidden_size: 0}", "greater than or equal to 1, got 0"),
        ("model: {cell: gro}", "'gru'"),
        ("features: {high_hz: 9000}", "above half of sample_rate_hz"),
        ("model: {cell: mingru, memory_frames: 50}", "mingru has none"),
        ("features: {n_mfcc: 50}", "n_mfcc must not exceed n_mels"),
        ("- a list", "expected sections"),
        ("a: [", "not YAML"),
        ("clip_ms: 2020-01-01", "clip_ms"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as fault:
        load(tmp_path, text)
    assert message in str(fault.value) and "run.yaml" in str(fault.value)
    assert "\n" not in str(fault.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.yaml")


def test_overrides(tmp_path: Path) -> None:
    config = load(tmp_path, "", "training.clip_norm=null", "model.cell=rnn_relu")
    assert config.training.clip_norm is None and config.model.cell == "rnn_relu"
    for wrong in ("training.epochs", "clip_ms.x=3", "clip_ms=["):
        with pytest.raises(ConfigError, match="--set"):
            load(tmp_path, "clip_ms: 5", wrong)


def test_grid_follows_the_stages(tmp_path: Path) -> None:
    text = "features: {hop_ms: 10, window_ms: 25, deltas: 1}\n"
    config = load(tmp_path, text + "model: {convolutions: [{channels: 4, kernel: 3, stride: 2}]}")
    assert config.grid.hop_samples == 320
    assert config.grid.window_samples == 400 + 4 * 160 + 2 * 160
