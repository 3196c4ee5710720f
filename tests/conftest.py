"""Fixtures that several test modules share: tiny corpora that need no download."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.parser
import pytest
import soundfile
import torch

from speechrnn.datadir import Utterance, write_datadir

# A shell that starts the tests in the background has them ignore SIGINT, and so their children:
# the tests of Ctrl-C would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)

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


@pytest.fixture(scope="session")
def tone_metadata() -> dict[str, Any]:
    """Metadata of `tone_model`."""
    return {
        "format_version": 1,
        "labels": ["high", "low", "_silence_"],
        "symbols": ["high", "low", "_silence_"],
        "sample_rate_hz": 16000,
        "grid": {"window_samples": 480, "hop_samples": 320},
        "clip_samples": 16000,
        "pool_frames": 50,
        "num_parameters": 0,
        "states": [{"name": "rnn_0", "shape": ["B", 1], "dtype": "float32", "initial": 0.0}],
        "config": {},
        "operating_point": None,
        "provenance": {"created": "2025-01-31"},
    }


@pytest.fixture(scope="session")
def tone_model(tmp_path_factory: pytest.TempPathFactory, tone_metadata: dict[str, Any]) -> Path:
    """A model file that tells high from low tones and from silence by arithmetic, untrained."""
    proto = onnx.parser.parse_model((Path(__file__).parent / "tone_model.txt").read_text())
    proto.metadata_props.add(key="speechrnn", value=json.dumps(tone_metadata))
    path = tmp_path_factory.mktemp("model") / "tones.onnx"
    path.write_bytes(proto.SerializeToString())
    return path
