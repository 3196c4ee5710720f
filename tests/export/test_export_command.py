"""From an experiment directory to a file that the run time reads."""

import json

import numpy as np
import pytest
import torch

import speechrnn
from speechrnn.cli.export import export
from speechrnn.cli.info import info
from speechrnn.errors import ModelError
from speechrnn.training.checkpoint import Checkpoint, write_checkpoint


@pytest.fixture
def experiment(make_model, tmp_path):
    """A directory as training leaves it, and the network in it."""
    model = make_model(strided=True)
    facts = {
        "config": model.config.model_dump(mode="json"),
        "labels": list(model.vocabulary),
        "best": {"epoch": 3, "valid_accuracy": 0.9},
    }
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    write_checkpoint(tmp_path / "exp" / "best.safetensors", Checkpoint(tensors, facts))
    environment = {"speechrnn": "0.1.0", "git_commit": "abc", "torch": "2.11", "seed": 7}
    (tmp_path / "exp" / "environment.json").write_text(json.dumps(environment))
    return tmp_path / "exp", model


def test_the_run_time_hears_what_the_network_hears(experiment, tmp_path, capsys):
    folder, model = experiment
    export(experiment=[folder], out=tmp_path / "out" / "model.onnx")
    recognizer = speechrnn.load_model(tmp_path / "out" / "model.onnx")
    assert "parameters" in capsys.readouterr().out
    assert recognizer.info.labels == ("go", "no", "yes")
    provenance = recognizer.info.provenance
    assert provenance["metrics"] == {"epoch": 3, "valid_accuracy": 0.9}
    assert provenance["git_commit"] == "abc"
    assert provenance["seed"] == 7
    random = np.random.default_rng(0)
    waves = [0.1 * random.standard_normal(n).astype(np.float32) for n in (8000, 1, 2500)]
    got = recognizer.clip_log_probs(waves)
    for row, wave in zip(got, waves, strict=True):
        feats, lens = model.features(torch.from_numpy(wave)[None], torch.tensor([len(wave)]))
        expected = model.logits(feats, lens)[0].log_softmax(-1).detach().numpy()
        np.testing.assert_allclose(row, expected, atol=1e-4, rtol=0)


def test_an_experiment_without_environment_is_exported(experiment, tmp_path):
    folder, _ = experiment
    (folder / "environment.json").unlink()
    export(experiment=[folder], out=tmp_path / "model.onnx")
    assert speechrnn.load_model(tmp_path / "model.onnx").info.provenance["seed"] is None


def test_weights_in_8_bits(experiment, tmp_path, capsys):
    folder, _ = experiment
    export(experiment=[folder], out=tmp_path / "model.onnx", int8=True)
    assert "differs from the network with its weights rounded by" in capsys.readouterr().out
    info(str(tmp_path / "model.onnx"))
    assert "stored as int8" in capsys.readouterr().out
    export(experiment=[folder], out=tmp_path / "model.onnx")
    info(str(tmp_path / "model.onnx"))
    assert "stored as float32" in capsys.readouterr().out


def test_several_are_averaged_in_one_file(experiment, tmp_path, capsys):
    folder, _ = experiment
    export(experiment=[folder, folder], out=tmp_path / "both.onnx")
    export(experiment=[folder], out=tmp_path / "one.onnx")
    both, one = (speechrnn.load_model(tmp_path / f"{name}.onnx") for name in ("both", "one"))
    assert both.info.provenance["others"][0]["git_commit"] == "abc"
    assert both.info.num_parameters == 2 * one.info.num_parameters
    wave = [0.1 * np.random.default_rng(0).standard_normal(8000).astype(np.float32)]
    np.testing.assert_allclose(both.clip_log_probs(wave), one.clip_log_probs(wave), atol=1e-5)
    capsys.readouterr()
    info(str(tmp_path / "both.onnx"))
    assert "2, averaged" in capsys.readouterr().out


def test_no_experiment(tmp_path):
    with pytest.raises(ModelError, match="no such checkpoint"):
        export(experiment=[tmp_path], out=tmp_path / "model.onnx")
