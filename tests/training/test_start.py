"""Training that begins with a trained network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from speechrnn.config import Config, parse_config
from speechrnn.datadir import read_datadir
from speechrnn.errors import ConfigError
from speechrnn.training.checkpoint import load_experiment, read_checkpoint
from speechrnn.training.corpus import Corpus
from speechrnn.training.loop import train
from speechrnn.training.start import Start, read_start

CPU = torch.device("cpu")


def config(dropout: float = 0.2, hidden_size: int = 12, **training: object) -> Config:
    features = {"sample_rate_hz": 8000, "high_hz": 3800, "n_mels": 20, "n_mfcc": 10}
    model = {"hidden_size": hidden_size, "layers": 1, "pooling": "mean", "dropout": dropout}
    settings = {"epochs": 2, "batch_size": 8, "learning_rate": 0.02, **training}
    return parse_config(
        {"clip_ms": 800, "features": features, "model": model, "training": settings}, "test"
    )


@pytest.fixture(scope="module")
def corpus(tones: Path) -> Corpus:
    return Corpus(read_datadir(tones / "train"), read_datadir(tones / "valid"))


@pytest.fixture(scope="module")
def trained(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    train(config(epochs=12), corpus, out, device=CPU)
    return out


def test_what_was_learnt_is_there_from_the_first_step_on(corpus, trained, tmp_path) -> None:
    settings = config(epochs=1, learning_rate=1e-5, dropout=0.0)
    best = train(settings, corpus, tmp_path, device=CPU, start=read_start(trained))
    before = json.loads((trained / "metrics.jsonl").read_text().splitlines()[-1])
    assert before["valid_accuracy"] == 1
    assert best["valid_accuracy"] == 1
    assert best["valid_loss"] == pytest.approx(before["valid_loss"], abs=0.05)
    ours, theirs = load_experiment(tmp_path).front_end, load_experiment(trained).front_end
    torch.testing.assert_close(ours.mean, theirs.mean, atol=0, rtol=0)


def test_checkpoints_tell_where_it_began(corpus, trained, tmp_path) -> None:
    start = Start(load_experiment(trained), ("units 24 to 12",))
    train(config(), corpus, tmp_path, device=CPU, start=start)
    facts = read_checkpoint(tmp_path / "best.safetensors").facts
    assert facts["start"] == start.digest
    assert facts["compression"] == ["units 24 to 12"]
    assert read_start(tmp_path).compression == ("units 24 to 12",)
    with pytest.raises(ConfigError, match="start"):
        train(config(), corpus, tmp_path, device=CPU, resume=True)
    train(config(), corpus, tmp_path, device=CPU, resume=True, start=start)


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        (config(hidden_size=8), "settings of model"),
        (config().model_copy(update={"features": Config().features}), "settings of features"),
    ],
)
def test_another_network_is_no_start(settings, what, corpus, trained, tmp_path) -> None:
    with pytest.raises(ConfigError, match=what):
        train(settings, corpus, tmp_path, device=CPU, start=read_start(trained))


def test_other_words_are_no_start(corpus, trained, tmp_path) -> None:
    fewer = Corpus([u for u in corpus.train if u.text != "low"])
    with pytest.raises(ConfigError, match="knows high, low, mid, the training data has high, mid"):
        train(config(), fewer, tmp_path, device=CPU, start=read_start(trained))
