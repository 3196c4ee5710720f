"""Training in streams: what a piece learns from, and what is carried to the next."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import torch
from torch import nn

from speechrnn.augment import Augmenter
from speechrnn.config import Config, parse_config
from speechrnn.datadir import read_datadir
from speechrnn.dataset import Dataset, load_dataset
from speechrnn.errors import ConfigError
from speechrnn.models.chunks import Chunking
from speechrnn.models.command import CommandModel
from speechrnn.training.checkpoint import load_experiment, read_checkpoint
from speechrnn.training.corpus import Corpus
from speechrnn.training.distributed import Group
from speechrnn.training.loop import train
from speechrnn.training.objective import Objective
from speechrnn.training.piece import StreamRunner
from speechrnn.training.streams import StreamTrainer
from speechrnn.training.teacher import Teacher
from speechrnn.training.transcripts import Speller, Transcripts
from speechrnn.vocabulary import BLANK, Vocabulary

CPU = torch.device("cpu")
RATE_HZ = 8000


def stream_config(cell: str = "gru", bidirectional: bool = True, **training: object) -> Config:
    tree = {
        "clip_ms": 800,
        "features": {"sample_rate_hz": RATE_HZ, "high_hz": 3800, "n_mels": 20, "n_mfcc": 10},
        "model": {
            "cell": cell,
            "bidirectional": bidirectional,
            "hidden_size": 16,
            "layers": 2,
            "pooling": "mean",
            "dropout": 0.0,
            "frame_head": "keyword",
        },
        "augment": {"shift_ms": 30, "reverberation_probability": 0.0},
        "streaming": {"share": 1.0, "clips": 3},
        "training": {"epochs": 2, "batch_size": 9, "learning_rate": 0.02, **training},
    }
    return parse_config(tree, "test")


@pytest.fixture(scope="module")
def dataset(tones: Path) -> Dataset:
    utterances = read_datadir(tones / "train")
    return load_dataset(utterances, Vocabulary.of_words(u.text for u in utterances), RATE_HZ)


def make_trainer(config: Config) -> tuple[CommandModel, StreamTrainer]:
    torch.manual_seed(0)
    model = CommandModel(config, Vocabulary(["high", "low", "mid"]))
    augmenter = Augmenter(config.augment, config.features, 0, None, CPU)
    trainer = StreamTrainer(config, model, augmenter, Teacher((), model, 0.0), Group(CPU))
    trainer.begin(0)
    return model, trainer


def loss_of(trainer: StreamTrainer, step: int, dataset: Dataset) -> torch.Tensor:
    draws = torch.arange(9) + 9 * step
    return trainer.loss(step, dataset, draws, objective_of(trainer), contextlib.nullcontext())


def objective_of(trainer: StreamTrainer) -> Objective:
    model = trainer._model
    return Objective(model.config, model, Transcripts((), Speller((), "words", None)), Group(CPU))


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn_tanh", "mingru", "feedforward"])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_every_weight_learns_from_a_piece(cell: str, bidirectional: bool, dataset: Dataset) -> None:
    model, trainer = make_trainer(stream_config(cell, bidirectional))
    for step in range(3):
        loss_of(trainer, step, dataset).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_the_state_goes_on_and_the_gradient_does_not(dataset: Dataset) -> None:
    model, trainer = make_trainer(stream_config())
    loss_of(trainer, 0, dataset)
    carried = {name: value.clone() for name, value in trainer._runner.state.items()}
    assert carried["rnn_0"].abs().sum() > 0 and not carried["rnn_0"].requires_grad
    fresh = model.initial_state(3)
    assert (carried["peak"] != fresh["peak"]).all()
    on = loss_of(trainer, 1, dataset)
    trainer.begin(0)
    assert loss_of(trainer, 1, dataset) != on  # the same clips from a stream's beginning
    trainer.begin(0)
    loss_of(trainer, 0, dataset)
    assert torch.equal(loss_of(trainer, 1, dataset), on)


def test_pieces_of_a_stream_hear_what_the_whole_of_it_hears() -> None:
    """Features, convolutions and recurrence of two pieces against those of one."""
    model, _ = make_trainer(stream_config(bidirectional=False))
    model.eval()
    grid = model.grid
    frames = 40
    wave = 0.1 * torch.randn(2, grid.padded_samples(frames))
    state = model.initial_state(2)
    with torch.no_grad():
        feats, _ = model.stream_features(wave, state["peak"])
        whole, _ = model.encode(feats, state, Chunking(frames, 0))
        parts = []
        for begin, end in ((0, 13), (13, frames)):
            samples = slice(
                begin * grid.hop_samples,
                begin * grid.hop_samples + grid.padded_samples(end - begin),
            )
            feats, peak = model.stream_features(wave[:, samples], state["peak"])
            hidden, layers = model.encode(feats, state, Chunking(end - begin, 0))
            parts.append(hidden[:, 0])
            state = {**layers, "peak": peak}
    torch.testing.assert_close(torch.cat(parts, 1), whole[:, 0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("chunk", [4, 7])
@pytest.mark.parametrize("look_ahead", [0, 5])
def test_the_clip_head_sees_what_it_sees_in_a_stream(chunk: int, look_ahead: int) -> None:
    """What training pools against `CommandModel.forward`, window by window with its state."""
    model, _ = make_trainer(stream_config())
    model.eval()
    grid, frames = model.grid, 40
    chunking = Chunking(chunk, look_ahead)
    wave = 0.1 * torch.randn(3, grid.padded_samples(frames))
    state = model.initial_state(3)
    runner = StreamRunner(model, 3)
    with torch.no_grad():
        context = grid.window_samples - grid.hop_samples
        runner.state["context"] = wave[:, :context]
        piece = runner.run(wave[:, context:], chunking)
        ends = (torch.arange(chunking.num_windows(frames)) * chunk + chunking.width).expand(3, -1)
        got = runner.clip_logits(piece, ends).log_softmax(-1)
        for k in range(chunking.num_windows(frames)):
            seen = min(chunking.width, frames - k * chunk)
            begin = k * chunk * grid.hop_samples
            window = wave[:, begin : begin + grid.padded_samples(seen)]
            lens = torch.full((3,), window.shape[1])
            output = model(window, lens, torch.full((3,), min(chunk, seen)), state)
            state = output.state
            if k * chunk + chunking.width <= frames:
                torch.testing.assert_close(got[:, k], output.clip_log_probs, rtol=0, atol=1e-4)


def test_learns_tones_in_streams_and_spots_them_in_frames(tones: Path, tmp_path: Path) -> None:
    corpus = Corpus(read_datadir(tones / "train"), read_datadir(tones / "valid"))
    best = train(stream_config(epochs=25), corpus, tmp_path, device=CPU)
    assert best["valid_accuracy"] == 1.0 and best["valid_stream_accuracy"] >= 0.9
    model = load_experiment(tmp_path)
    assert model.symbols.symbols == (BLANK, "high", "low", "mid")
    utterances = read_datadir(tones / "valid")
    vocabulary = Vocabulary.of_words(u.text for u in utterances)
    clips = load_dataset(utterances, vocabulary, RATE_HZ)
    right = 0
    for i in range(len(clips)):
        wave, _ = clips.waves(torch.tensor([i]))
        padded = nn.functional.pad(wave, (model.grid.left_samples, 4000))
        with torch.no_grad():
            output = model(padded, torch.tensor([padded.shape[1]]))
        likeliest = output.log_probs[0, :, 1:].amax(0).argmax()
        right += int(model.symbols.symbol(1 + int(likeliest)) == utterances[i].text)
    assert right >= 0.9 * len(clips)


def test_resumed_run_ends_with_the_same_bits(tones: Path, tmp_path: Path) -> None:
    corpus = Corpus(read_datadir(tones / "train"))
    config = stream_config(epochs=3)
    train(config, corpus, tmp_path / "whole", device=CPU)
    train(config, corpus, tmp_path / "cut", device=CPU)
    (tmp_path / "cut/checkpoints/epoch-0003.safetensors").unlink()
    train(config, corpus, tmp_path / "cut", device=CPU, resume=True)
    last = "checkpoints/epoch-0003.safetensors"
    whole, cut = (read_checkpoint(tmp_path / run / last) for run in ("whole", "cut"))
    assert all(torch.equal(tensor, cut.tensors[name]) for name, tensor in whole.tensors.items())


def test_a_short_batch_moves_only_some_streams(dataset: Dataset) -> None:
    _, trainer = make_trainer(stream_config())
    loss_of(trainer, 0, dataset)
    before = {name: value.clone() for name, value in trainer._runner.state.items()}
    draws, objective = torch.arange(5), objective_of(trainer)
    assert trainer.takes(1, draws) and not trainer.takes(1, draws[:2])
    assert trainer.loss(1, dataset, draws, objective, contextlib.nullcontext()).isfinite()
    for name, value in trainer._runner.state.items():
        assert torch.equal(value[1:], before[name][1:]), name
    assert not torch.equal(trainer._runner.state["rnn_0"][0], before["rnn_0"][0])


def test_a_keyword_head_without_streams_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"set streaming\.share"):
        parse_config({"model": {"frame_head": "keyword"}}, "test")


def test_ranges_are_checked() -> None:
    with pytest.raises(ConfigError, match=r"batch_size must be at least streaming\.clips"):
        parse_config({"streaming": {"share": 0.5}, "training": {"batch_size": 3}}, "test")
    with pytest.raises(ConfigError, match=r"look_ahead_ms must be \[low, high\]"):
        parse_config({"streaming": {"look_ahead_ms": [100, 50]}}, "test")
