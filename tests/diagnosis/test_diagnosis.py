"""The whole diagnosis, of fresh and of trained networks."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from speechrnn.config import Config, parse_config
from speechrnn.datadir import read_datadir
from speechrnn.diagnosis.diagnosis import diagnose, fresh_model
from speechrnn.errors import DataError
from speechrnn.training.checkpoint import load_experiment
from speechrnn.training.corpus import Corpus
from speechrnn.training.loop import train


def tones_config(**model: object) -> Config:
    tree = {
        "features": {"sample_rate_hz": 8000, "high_hz": 3800},
        "model": {"hidden_size": 8, "layers": 2, **model},
        "training": {"batch_size": 8, "clip_norm": 0.1},
    }
    return parse_config(tree, "test")


@pytest.mark.parametrize(
    "model",
    [
        {"cell": "lstm"},
        {"cell": "rglru", "bidirectional": False, "pooling": "max"},
        {"cell": "gru", "pooling": "none", "frame_head": "ctc", "units": "characters"},
        {"cell": "feedforward", "frame_head": "ctc"},
    ],
)
def test_a_fresh_network_of_any_kind(model: dict[str, object], tones: Path) -> None:
    utterances = read_datadir(tones / "train")
    network = fresh_model(tones_config(**model), utterances)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found = diagnose(network, utterances, fresh=True, clips=6, steps=2)
    directions = 1 if model["cell"] in ("rglru", "feedforward") else 2
    assert len(found.flows) == 2 * directions * (2 if model["cell"] == "lstm" else 1)
    for flow in found.flows:
        assert (flow.by_time > 0).any() and flow.through_time[0] == pytest.approx(1, rel=1e-5)
    assert found.num_clips == 6 and found.loss > 0
    assert [len(steps.norms) for steps in found.steps] == [2, 2]
    assert all(torch.equal(v, before[name]) for name, v in network.state_dict().items())


def test_a_trained_network_keeps_its_statistics_and_loss(tones: Path, tmp_path: Path) -> None:
    utterances = read_datadir(tones / "train")
    train(tones_config(), Corpus(utterances), tmp_path / "run", device=torch.device("cpu"))
    model = load_experiment(tmp_path / "run")
    found = diagnose(model, utterances, fresh=False, clips=len(utterances), steps=0)
    assert found.loss < 0.8  # label smoothing's share is left
    assert found.steps == []
    found.write(tmp_path / "diagnosis")
    names = {path.name for path in (tmp_path / "diagnosis").iterdir()}
    assert names == {"diagnosis.json", "gradients.png", "gates.png"}


def test_no_utterances_are_an_error(tones: Path) -> None:
    model = fresh_model(tones_config(), read_datadir(tones / "train"))
    with pytest.raises(DataError, match="no utterances to diagnose on"):
        diagnose(model, [], fresh=True)
