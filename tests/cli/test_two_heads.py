"""A model with a clip head and a CTC head, from training to listening, by the commands."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.datadir import Utterance, write_datadir

RATE_HZ = 8000
TONES_HZ = {"low": 300.0, "mid": 900.0, "high": 2500.0}
SETTINGS = """
clip_ms: 3000
features: {sample_rate_hz: 8000, high_hz: 3800, n_mels: 20, n_mfcc: 10}
model: {hidden_size: 16, layers: 1, dropout: 0.0, pooling: attention, frame_head: ctc}
augment: {shift_ms: 30, reverberation_probability: 0.0, noise_probability: 0.0}
streaming: {share: 0.7, clips: 3}
training: {epochs: 20, batch_size: 6, learning_rate: 0.02}
"""


@pytest.fixture
def plucked(tmp_path: Path) -> Path:
    """Kaldi directories: `train` of single words, `valid` of sequences."""
    random = np.random.default_rng(0)
    for part, counts in {"train": [1] * 72, "valid": [2, 3, 4]}.items():
        utterances = []
        for number, count in enumerate(counts):
            words = [str(word) for word in random.choice(list(TONES_HZ), count)]
            wave = np.concatenate([np.zeros(800), *(pluck(word, random) for word in words)])
            path = tmp_path / f"{part}-{number:03d}.wav"
            soundfile.write(path, wave + 0.001 * random.standard_normal(len(wave)), RATE_HZ)
            utterances.append(Utterance(path.stem, path, part, " ".join(words), path.stem))
        write_datadir(tmp_path / part, utterances)
    return tmp_path


def pluck(word: str, random: np.random.Generator) -> np.ndarray:
    """A tone that dies away."""
    time_s = np.arange(random.integers(2400, 4000)) / RATE_HZ
    tone_hz = TONES_HZ[word] * random.uniform(0.95, 1.05)
    return 0.3 * np.exp(-20 * time_s) * np.sin(2 * np.pi * tone_hz * time_s)


def test_both_heads_go_all_the_way(speechrnn, plucked: Path) -> None:
    config, experiment, model = (plucked / name for name in ("a.yaml", "exp", "model.onnx"))
    config.write_text(SETTINGS)
    arguments = ("--config", config, "--train", plucked / "train", "--out", experiment)
    code, _, err = speechrnn("train", *arguments)
    assert code == 0, err
    code, _, err = speechrnn("export", "--experiment", experiment, "--out", model)
    assert code == 0, err
    facts = json.loads("".join(speechrnn("info", model, "--json")[1]))
    assert facts["symbols"] == ["<blk>", "high", "low", "mid"]
    assert set(facts["labels"]) >= {"high", "low", "mid"}

    code, out, err = speechrnn("evaluate", "--model", model, "--data", plucked / "valid")
    assert code == 0 and out[0].startswith("word error rate 0.00%"), (out, err)
    text = dict(line.split(" ", 1) for line in (plucked / "valid" / "text").open())
    for name, said in text.items():
        path = plucked / f"{name}.wav"
        code, out, err = speechrnn("transcribe", path, "--model", model, "--json")
        assert code == 0, err
        assert json.loads(out[0])["text"].split() == said.split()
        code, out, err = speechrnn("listen", "--model", model, "--input", path, "--json")
        assert code == 0, err
        assert [json.loads(line)["word"] for line in out] == said.split()
