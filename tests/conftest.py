"""Fixtures that several test modules share: tiny corpora that need no download."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from speechrnn.datadir import Utterance, write_datadir

TONES_HZ = {"low": 300.0, "mid": 900.0, "high": 2500.0}


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real recordings, where this machine has them."""
    path = os.environ.get("SPEECHRNN_SHARED_DATA")
    if not path:
        pytest.skip("SPEECHRNN_SHARED_DATA names no folder of real recordings")
    return Path(path)


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kaldi directories `train` and `valid` whose words are tones; speakers differ in loudness."""
    root = tmp_path_factory.mktemp("tones")
    random = np.random.default_rng(0)
    for part, speakers in {"train": ("ann", "bob", "cid"), "valid": ("dan",)}.items():
        utterances = []
        for speaker in speakers:
            for word, tone_hz in TONES_HZ.items():
                for take in range(4):
                    name = f"{speaker}-{word}-{take}"
                    time_s = np.arange(random.integers(3000, 6000)) / 8000
                    wave = np.sin(2 * np.pi * tone_hz * random.uniform(0.95, 1.05) * time_s)
                    wave = 0.3 * wave + 0.003 * random.standard_normal(len(wave))
                    path = root / "audio" / f"{name}.wav"
                    path.parent.mkdir(exist_ok=True)
                    soundfile.write(path, wave.astype(np.float32), 8000)
                    utterances.append(Utterance(name, path, speaker, word, name))
        write_datadir(root / part, utterances)
    return root
