"""Learning from trained networks: what they say, where they listen, and who may not teach."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from speechrnn.augment.strings import string
from speechrnn.config import Config, parse_config
from speechrnn.datadir import read_datadir
from speechrnn.errors import ConfigError
from speechrnn.models.command import CommandModel
from speechrnn.training.checkpoint import load_experiment
from speechrnn.training.corpus import Corpus
from speechrnn.training.loop import train
from speechrnn.training.teacher import Teacher
from speechrnn.vocabulary import Vocabulary

LABELS = Vocabulary(["high", "low", "mid"])


def config_of(rate_hz: int = 8000, **training: object) -> Config:
    tree = {
        "clip_ms": 800,
        "features": {"sample_rate_hz": rate_hz, "high_hz": 1900, "n_mels": 16, "n_mfcc": 8},
        "model": {"hidden_size": 12, "layers": 1, "pooling": "mean"},
        "training": {"epochs": 2, "batch_size": 8, "learning_rate": 0.02, **training},
    }
    return parse_config(tree, "test")


def network(seed: int, labels: Vocabulary = LABELS, rate_hz: int = 8000) -> CommandModel:
    torch.manual_seed(seed)
    return CommandModel(config_of(rate_hz), labels).eval()


def one_hot(*labels: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.tensor(labels), 3).float()


def test_targets_are_the_label_and_the_mean_of_what_the_networks_say() -> None:
    models = [network(1), network(2)]
    teacher = Teacher(models, network(0), 0.75)
    wave, lens, labels = torch.randn(2, 6000), torch.tensor([6000, 3500]), one_hot(2, 0)
    said = [model.logits(*model.features(wave, lens)).softmax(-1) for model in models]
    expected = 0.25 * labels + 0.75 * (said[0] + said[1]) / 2
    torch.testing.assert_close(teacher.shares(wave, lens, labels), expected)
    assert not torch.allclose(said[0], said[1], atol=1e-3)


def test_without_a_network_the_label_stays() -> None:
    labels = one_hot(1)
    wave, lens = torch.randn(1, 4000), torch.tensor([4000])
    assert Teacher((), network(0), 0.75).shares(wave, lens, labels) is labels


def test_clips_in_a_stream_are_heard_each_by_itself() -> None:
    teacher = Teacher([network(1)], network(0), 0.5)
    lens = torch.tensor([5000, 4000, 3000, 5500])
    wave = torch.randn(4, 5500) * (torch.arange(5500) < lens[:, None])
    strung = string(wave, lens, torch.tensor([[100, 900], [0, 333]]), 800, 80)
    labels = one_hot(0, 1, 2, 0)
    found = teacher.strung_shares(strung, labels.view(2, 2, 3))
    torch.testing.assert_close(found.flatten(0, 1), teacher.shares(wave, lens, labels))


def test_who_knows_other_labels_or_another_rate_does_not_teach() -> None:
    with pytest.raises(ConfigError, match="teacher 2 knows the labels high, low, the training"):
        Teacher([network(1), network(2, Vocabulary(["high", "low"]))], network(0), 0.5)
    with pytest.raises(ConfigError, match="teacher 1 hears 4000 Hz, expected 8000"):
        Teacher([network(1, rate_hz=4000)], network(0), 0.5)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_pupil_of_one_teacher_alone_learns_its_mistakes(
    share: float, tones: Path, tmp_path: Path
) -> None:
    """A teacher that takes every tone for another: labels count only without it."""
    wrong = network(3)
    corpus = Corpus(read_datadir(tones / "train"), read_datadir(tones / "valid"))
    train(config_of(epochs=12), corpus, tmp_path / "first", device=torch.device("cpu"))
    first = load_experiment(tmp_path / "first")
    wrong.load_state_dict(first.state_dict())
    with torch.no_grad():
        assert wrong.head is not None
        wrong.head.output.weight.copy_(first.head.output.weight.roll(1, 0))
        wrong.head.output.bias.copy_(first.head.output.bias.roll(1, 0))
    settings = config_of(epochs=12, teacher_share=share)
    run = tmp_path / "second"
    best = train(settings, corpus, run, device=torch.device("cpu"), teachers=[wrong])
    assert best["valid_accuracy"] == 1.0 - share


def test_a_run_goes_on_with_the_same_teachers_only(tones: Path, tmp_path: Path) -> None:
    corpus = Corpus(read_datadir(tones / "train"))
    cpu = torch.device("cpu")
    train(config_of(), corpus, tmp_path, device=cpu, teachers=[network(1)])
    with pytest.raises(ConfigError, match="other data \\(teachers"):
        train(config_of(), corpus, tmp_path, device=cpu, resume=True, teachers=[network(2)])
