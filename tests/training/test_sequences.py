"""Networks that read sequences: a CTC head, alone and beside a clip head."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from speechrnn.config import Config, parse_config
from speechrnn.datadir import Utterance, read_datadir, write_datadir
from speechrnn.dataset import load_dataset
from speechrnn.decoding.ctc.beam import BeamDecoder
from speechrnn.errors import ConfigError
from speechrnn.training.checkpoint import load_experiment
from speechrnn.training.corpus import Corpus
from speechrnn.training.loop import train
from speechrnn.vocabulary import BLANK, Vocabulary

CPU = torch.device("cpu")
RATE_HZ = 8000
TONES_HZ = {"low": 300.0, "mid": 900.0, "high": 2500.0}


def sequence_config(share: float = 0.0, epochs: int = 30, **model: object) -> Config:
    tree = {
        "clip_ms": 3000,
        "features": {"sample_rate_hz": RATE_HZ, "high_hz": 3800, "n_mels": 20, "n_mfcc": 10},
        "model": {
            "hidden_size": 16,
            "layers": 1,
            "dropout": 0.0,
            "pooling": "none",
            "frame_head": "ctc",
            **model,
        },
        "augment": {"shift_ms": 30, "reverberation_probability": 0.0, "noise_probability": 0.0},
        "streaming": {"share": share, "clips": 3},
        "training": {"epochs": epochs, "batch_size": 6, "learning_rate": 0.02},
    }
    return parse_config(tree, "test")


@pytest.fixture(scope="module")
def sequences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kaldi directories: `train` and `valid` of two to four plucked tones, `words` of one each."""
    root = tmp_path_factory.mktemp("sequences")
    random = np.random.default_rng(0)
    lengths = {"train": [2, 3, 4] * 12, "valid": [2, 3, 4] * 3, "words": [1] * 72}
    for part, counts in lengths.items():
        utterances = []
        for number, count in enumerate(counts):
            words = [str(word) for word in random.choice(list(TONES_HZ), count)]
            wave = np.concatenate([np.zeros(800), *(pluck(word, random) for word in words)])
            wave = wave + 0.001 * random.standard_normal(len(wave))
            name = f"{part}-{number:03d}"
            path = root / f"{name}.wav"
            soundfile.write(path, wave.astype(np.float32), RATE_HZ)
            utterances.append(Utterance(name, path, part, " ".join(words), name))
        write_datadir(root / part, utterances)
    return root


def pluck(word: str, random: np.random.Generator) -> np.ndarray:
    """A tone that dies away: where it begins is what tells its time."""
    time_s = np.arange(random.integers(2400, 4000)) / RATE_HZ
    tone_hz = TONES_HZ[word] * random.uniform(0.95, 1.05)
    return 0.3 * np.exp(-20 * time_s) * np.sin(2 * np.pi * tone_hz * time_s)


def heard(experiment: Path, wave: torch.Tensor) -> str:
    model = load_experiment(experiment)
    with torch.no_grad():
        hidden, _ = model.hidden(*model.features(wave[None], torch.tensor([len(wave)])))
        log_probs = model.frame_output(hidden)[0].log_softmax(-1)
    decoder = BeamDecoder(model.symbols.symbols)
    decoder.accept(log_probs.numpy())
    return decoder.finish()[0].text


def test_reads_sequences_of_tones(sequences: Path, tmp_path: Path) -> None:
    corpus = Corpus(read_datadir(sequences / "train"), read_datadir(sequences / "valid"))
    best = train(sequence_config(), corpus, tmp_path, device=CPU)
    assert best["valid_unit_errors"] == 0.0 and best["left_out"] == 0
    assert load_experiment(tmp_path).symbols.symbols == (BLANK, "high", "low", "mid")
    clips = load_dataset(corpus.valid, Vocabulary([]), RATE_HZ)
    for i, utterance in enumerate(corpus.valid):
        assert heard(tmp_path, clips.waves(torch.tensor([i]))[0][0]) == utterance.text


def test_learns_sequences_from_isolated_words(sequences: Path, tmp_path: Path) -> None:
    """Strings of single tones teach to hear sequences."""
    corpus = Corpus(read_datadir(sequences / "words"))
    train(sequence_config(share=1.0, epochs=35), corpus, tmp_path, device=CPU)
    spoken = read_datadir(sequences / "valid")
    clips = load_dataset(spoken, Vocabulary([]), RATE_HZ)
    right = sum(
        heard(tmp_path, clips.waves(torch.tensor([i]))[0][0]) == utterance.text
        for i, utterance in enumerate(spoken)
    )
    assert right >= len(spoken) - 1


def test_both_heads_learn_together(tones: Path, tmp_path: Path) -> None:
    corpus = Corpus(read_datadir(tones / "train"), read_datadir(tones / "valid"))
    config = sequence_config(share=0.5, epochs=3, pooling="mean")
    best = train(config, corpus, tmp_path, device=CPU)
    assert {"valid_accuracy", "valid_stream_accuracy", "valid_unit_errors"} <= set(best)
    losses = [json.loads(line)["train_loss"] for line in (tmp_path / "metrics.jsonl").open()]
    assert losses[-1] < losses[0]
    model = load_experiment(tmp_path)
    assert model.head is not None and model.frame_head is not None


def test_counts_sequences_too_long_for_their_frames(sequences: Path, tmp_path: Path) -> None:
    utterances = read_datadir(sequences / "train")
    endless = Utterance("train-x", utterances[0].wav, "train", "low " * 200, "train-x")
    record = train(sequence_config(epochs=1), Corpus([*utterances, endless]), tmp_path, device=CPU)
    assert record["left_out"] == 1 and np.isfinite(record["train_loss"])
    assert json.loads((tmp_path / "metrics.jsonl").read_text())["left_out"] == 1


def test_settings_that_leave_no_head_are_refused() -> None:
    with pytest.raises(ConfigError, match="set frame_head ctc"):
        parse_config({"model": {"pooling": "none"}}, "test")
    with pytest.raises(ConfigError, match="mixes words"):
        parse_config(
            {"model": {"frame_head": "ctc"}, "augment": {"mixup_probability": 0.5}}, "test"
        )
