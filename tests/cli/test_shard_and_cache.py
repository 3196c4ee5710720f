"""`speechrnn data shard`, `speechrnn cache` and `speechrnn train` on what they make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from speechrnn.cli.main import app
from speechrnn.errors import DataError

CONFIG = """
clip_ms: 800
features: {sample_rate_hz: 8000, high_hz: 3800}
augment: {noise_probability: 0.5}
model: {hidden_size: 8, layers: 1}
training: {epochs: 2, batch_size: 4, threads: 1}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(CONFIG)
    return path


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def metrics(out: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    timed = ("seconds", "clips_per_s")
    return [{key: value for key, value in line.items() if key not in timed} for line in lines]


def test_shards_train_as_the_corpus_does(tones: Path, tmp_path: Path, config: Path) -> None:
    """One block of shards, made of another order of the clips: the same words, as well learnt."""
    for part in ("train", "valid"):
        said = run(
            "data", "shard", tones / part, "--out", tmp_path / part, "--rate", 8000, "--clips", 5
        )
        assert "shards" in said
    assert said == run(
        "data", "shard", tones / "valid", "--out", tmp_path / "valid", "--rate", 8000, "--clips", 5
    )
    arguments = ("train", "--config", config, "--device", "cpu", "--train", tmp_path / "train")
    valid = ("--valid", tmp_path / "valid")
    run(*arguments, *valid, "--out", tmp_path / "sharded")
    run(*arguments, *valid, "--out", tmp_path / "again", "--cache", tmp_path / "cache")
    assert metrics(tmp_path / "sharded") == metrics(tmp_path / "again")
    first, second = (
        load_file(tmp_path / name / "best.safetensors") for name in ("sharded", "again")
    )
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    with pytest.raises(DataError, match="make shards of all, or of none"):
        run(*arguments, "--train", tones / "valid", "--out", tmp_path / "mixed")
    with pytest.raises(DataError, match="share 3 speakers"):
        run(*arguments, "--valid", tones / "train", "--out", tmp_path / "shared")
    (tmp_path / "train/shards.json").unlink()
    with pytest.raises(DataError, match="the shards are not finished"):
        run(*arguments, "--out", tmp_path / "unfinished")


def test_the_cache_gives_what_decoding_gives(
    partly_unreadable: Path, tmp_path: Path, config: Path
) -> None:
    arguments = ("train", "--config", config, "--device", "cpu", "--train", partly_unreadable)
    cache = ("--cache", tmp_path / "cache")
    said = [
        run(*arguments, "--out", tmp_path / "plain", "--no-cache"),
        run(*arguments, "--out", tmp_path / "cold", *cache),
        run(*arguments, "--out", tmp_path / "warm", *cache),
    ]
    assert all("left out" in text and "broken.wav" in text for text in said)
    assert metrics(tmp_path / "plain") == metrics(tmp_path / "cold") == metrics(tmp_path / "warm")
    assert "1 lists" in run("cache", *cache)
    assert "MB removed" in run("cache", *cache, "--clear")
    assert "0 lists, 0.0 MB" in run("cache", *cache)
