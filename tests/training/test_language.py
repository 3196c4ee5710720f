"""Training a language model: what it learns, what it is cut off from, how it ends."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from speechrnn.config import parse_section
from speechrnn.errors import ConfigError, ModelError
from speechrnn.export.language import export_language
from speechrnn.models.language import LanguageNetwork
from speechrnn.models.language_config import (
    LanguageConfig,
    LanguageModelConfig,
    load_language_config,
)
from speechrnn.runtime.language_model import RecurrentLanguageModel
from speechrnn.training.checkpoint import read_checkpoint
from speechrnn.training.language import mean_loss, piece_losses, train_language
from speechrnn.training.observer import Observer

CPU = torch.device("cpu")
# What comes last depends on what came first, so no bigram tells; the rest is certain.
GO, NO = ["go", "a", "b", "go"], ["no", "a", "b", "no"]


def tiny(units: str = "words", cell: str = "lstm", **training: object) -> LanguageConfig:
    model = {"units": units, "cell": cell, "embedding_size": 8, "hidden_size": 24, "dropout": 0.0}
    settings = {"epochs": 40, "batch_size": 8, "learning_rate": 0.02, **training}
    return parse_section(LanguageConfig, {"model": model, "training": settings}, "test")


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn_tanh"])
def test_learns_what_can_be_learnt(tmp_path: Path, cell: str) -> None:
    """One choice in two for every five tokens: a perplexity of 2 ** (1 / 5) and no less."""
    sentences = [GO, NO] * 16
    run = train_language(
        tiny(cell=cell), sentences, [GO, NO], tmp_path / "lm.safetensors", device=CPU
    )
    best = 2 ** (1 / 5)
    assert best <= run.provenance["metrics"]["valid_perplexity"] + 1e-6 < 1.01 * best
    assert not run.interrupted


def test_what_it_writes_is_what_it_read(tmp_path: Path) -> None:
    run = train_language(tiny(), [GO, GO, GO, NO] * 8, [], tmp_path / "lm.safetensors", device=CPU)
    export_language(run.network, run.tokens, tmp_path / "lm.onnx", run.provenance)
    model = RecurrentLanguageModel(tmp_path / "lm.onnx")
    # At temperature 0.5 chances are squared: 9 to 1.
    for temperature, share in ((1.0, 3 / 4), (0.5, 9 / 10)):
        random = np.random.default_rng(1)
        drawn = [model.sample(random, temperature) for _ in range(400)]
        known = [text for text in drawn if text in ("go a b go", "no a b no")]
        assert len(known) > 0.97 * len(drawn)
        deviation = math.sqrt(share * (1 - share) / len(known))
        assert abs(known.count("go a b go") / len(known) - share) < 3 * deviation
    random = np.random.default_rng(1)
    assert [model.sample(random, 0.5) for _ in range(400)] == drawn


@pytest.mark.parametrize(("bptt_tokens", "choices"), [(35, 1), (4, 2)])
def test_characters(tmp_path: Path, bptt_tokens: int, choices: int) -> None:
    """Ten tokens with one choice in two; that the end is none, short pieces need not find out."""
    config = tiny("characters", bptt_tokens=bptt_tokens)
    run = train_language(config, [GO, NO] * 16, [GO, NO], tmp_path / "lm.safetensors", device=CPU)
    assert run.tokens.symbols == ("<s>", "<unk>", *" abgno")
    perplexity = run.provenance["metrics"]["valid_perplexity"]
    assert 2 ** (1 / 10) <= perplexity + 1e-6 < 1.01 * 2 ** (choices / 10)


def test_the_state_is_carried_and_the_gradient_is_cut() -> None:
    torch.manual_seed(0)
    config = LanguageModelConfig(embedding_size=3, hidden_size=4, dropout=0.0)
    network = LanguageNetwork(config, 9)
    inputs, targets = torch.arange(8)[None], torch.arange(1, 9)[None]

    def gradients(bptt_tokens: int, piece: int) -> tuple[float, torch.Tensor]:
        network.zero_grad()
        losses = [loss for loss, _ in piece_losses(network, inputs, targets, bptt_tokens)]
        losses[piece].backward()
        return losses[piece].item(), network.embedding.weight.grad.abs().sum(1)

    loss, moved = gradients(4, 1)
    assert (moved[:4] == 0).all() and (moved[4:8] > 0).all()
    _, moved = gradients(8, 0)
    assert (moved[:8] > 0).all()
    with torch.no_grad():
        logits, _ = network(inputs)
        expected = torch.nn.functional.cross_entropy(logits[0, 4:], targets[0, 4:])
        lost = torch.nn.functional.cross_entropy(network(inputs[:, 4:])[0][0], targets[0, 4:])
    assert_close(torch.tensor(loss), expected)
    assert abs(loss - float(lost)) > 1e-3


def test_padding_counts_for_nothing() -> None:
    torch.manual_seed(0)
    network = LanguageNetwork(LanguageModelConfig(embedding_size=3, hidden_size=4), 9)
    sentences = [[2, 3], [4], [5, 6, 7, 8, 2], [3, 3, 3]]
    alone = sum(mean_loss(network, [s], 1) * (len(s) + 1) for s in sentences)
    assert mean_loss(network, sentences, 4) == pytest.approx(alone / 15, rel=1e-5)


class _StopAt(Observer):
    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        if epoch == self.epoch:
            raise KeyboardInterrupt


def test_broken_off_it_goes_by_the_finished_epochs(tmp_path: Path) -> None:
    path = tmp_path / "lm.safetensors"
    run = train_language(tiny(), [GO, NO], [GO], path, device=CPU, observer=_StopAt(3))
    assert run.interrupted and run.provenance["metrics"]["epoch"] == 2
    kept = read_checkpoint(path).tensors
    assert_close(run.network.state_dict(), {n.removeprefix("model."): t for n, t in kept.items()})


def test_broken_off_before_the_first_epoch_ends_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "lm.safetensors"
    path.write_bytes(b"of another run")
    with pytest.raises(KeyboardInterrupt):
        train_language(tiny(), [GO], [], path, device=CPU, observer=_StopAt(1))
    assert path.read_bytes() == b"of another run"


def test_the_best_epoch_is_kept_not_the_last(tmp_path: Path) -> None:
    """Learning that all is GO makes NO ever less likely."""
    config = tiny(epochs=12)
    run = train_language(config, [GO] * 16, [NO], tmp_path / "lm.safetensors", device=CPU)
    metrics = run.provenance["metrics"]
    assert metrics["epoch"] < 12
    ids = run.tokens.sentence(NO)
    assert mean_loss(run.network, [ids], 1) == pytest.approx(metrics["valid_loss"], rel=1e-6)


def test_a_loss_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    config = tiny(learning_rate=1e30, clip_norm=None, warmup_share=0.0, cell="rnn_relu")
    with pytest.raises(ModelError, match=r"loss is (nan|inf) in epoch \d"):
        train_language(config, [GO, NO] * 8, [], tmp_path / "lm.safetensors", device=CPU)


def test_settings_are_strict(tmp_path: Path) -> None:
    path = tmp_path / "lm.yaml"
    path.write_text("model: {cell: gru}\ntraining: {epochs: 3}\n")
    config = load_language_config(path, ("training.bptt_tokens=5",))
    assert (config.model.cell, config.training.epochs) == ("gru", 3)
    assert config.training.bptt_tokens == 5
    assert load_language_config(None, ()) == LanguageConfig()
    with pytest.raises(ConfigError, match=r"'model\.hiden_size'; did you mean 'hidden_size'"):
        load_language_config(path, ("model.hiden_size=3",))
    with pytest.raises(ConfigError, match=r"language model: training\.epochs: .*got 0"):
        load_language_config(None, ("training.epochs=0",))
