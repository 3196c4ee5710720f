"""Several networks in one file: its judgement is the mean of theirs, whole and in streams."""

import random

import numpy as np
import pytest
import torch

from speechrnn.config import parse_config
from speechrnn.errors import ConfigError
from speechrnn.export.model_file import export_model
from speechrnn.export.parity import differences
from speechrnn.models.average import AverageModel
from speechrnn.models.command import CommandModel
from speechrnn.runtime.model_file import open_model
from speechrnn.runtime.posteriors import PosteriorStream
from speechrnn.vocabulary import BLANK, Vocabulary


def other(model):
    """Another network of the same kind."""
    result = model.with_config(model.config).eval()
    result.front_end.load_state_dict(model.front_end.state_dict())
    return result


def in_pieces(path, wave):
    """Probabilities of a stream's frames, and pooled ones, window by window."""
    stream = PosteriorStream(*open_model(path), chunk_frames=4, look_ahead_frames=3)
    windows = stream.accept(wave) + stream.finish()
    frames, clips = zip(*((window.frames, window.clip) for window in windows), strict=True)
    return np.exp(np.concatenate(frames)), np.exp(np.stack(clips))


@pytest.mark.parametrize(
    "settings",
    [
        {"strided": True, "pooling": "attention"},
        {"pooling": "last", "cell": "lstm", "bidirectional": False},
        {"features": "absolute", "pooling": "mean", "frame_head": "keyword"},
        {"pooling": "multihead", "frame_head": "keyword", "cell": "mingru"},
    ],
)
@pytest.mark.parametrize("int8", [False, True])
def test_every_average_equals_its_export(int8, settings, make_model, open_session, tmp_path):
    first = make_model(**settings)
    model = AverageModel([first, other(first), other(first)]).eval()
    report = export_model(model, tmp_path / "model.onnx", {}, int8)
    assert report.max_difference <= 1e-4
    assert report.num_parameters == 3 * first.num_parameters
    if int8:
        return
    sizes = random.Random(0)
    calls = [([sizes.randint(1, 25)], [0]) for _ in range(12)]
    calls = [(seen, [sizes.randint(0, seen[0])]) for seen, _ in calls]
    assert max(differences(model, open_session(tmp_path / "model.onnx"), calls)) <= 1e-4


def test_it_is_the_mean_of_the_probabilities(make_model):
    first = make_model(frame_head="keyword")
    second = other(first)
    wave = 0.1 * torch.randn(1, 8000, generator=torch.Generator().manual_seed(0))
    lens = torch.tensor([8000])
    with torch.no_grad():
        one, two = first(wave, lens), second(wave, lens)
        both = AverageModel([first, second]).eval()(wave, lens)
    assert not torch.allclose(one.log_probs, two.log_probs, atol=1e-3)
    for name in ("log_probs", "clip_log_probs"):
        mean = (getattr(one, name).exp() + getattr(two, name).exp()) / 2
        torch.testing.assert_close(getattr(both, name).exp(), mean)


def test_its_streams_are_the_mean_of_theirs(make_model, tmp_path):
    first = make_model(pooling="attention", frame_head="keyword", strided=True)
    models = {"one": first, "two": other(first)}
    models["both"] = AverageModel(list(models.values()))
    wave = 0.1 * np.random.default_rng(0).standard_normal(30_000).astype(np.float32)
    heard = {}
    for name, model in models.items():
        path = tmp_path / f"{name}.onnx"
        export_model(model, path, {})
        heard[name] = in_pieces(path, wave)
    for one, two, both in zip(*heard.values(), strict=True):
        assert np.abs(one - two).max() > 1e-3
        np.testing.assert_allclose(both, (one + two) / 2, atol=1e-4)


def test_networks_that_spell_are_refused(make_model):
    settings = make_model(frame_head="keyword").config.model_dump()
    settings["model"]["frame_head"] = "ctc"
    config = parse_config(settings, "test")
    labels = Vocabulary(["go", "no"])
    models = [CommandModel(config, labels, Vocabulary([BLANK, "go", "no"])) for _ in range(2)]
    with pytest.raises(ConfigError, match="CTC head cannot be averaged"):
        AverageModel(models)


def test_what_differs_is_named(make_model):
    model = make_model()
    with pytest.raises(ConfigError, match=r"network 2 .* its model.bidirectional is False"):
        AverageModel([model, make_model(bidirectional=False)])
