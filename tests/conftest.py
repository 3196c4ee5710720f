"""Fixtures that several test modules share: tiny corpora that need no download."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.parser
import pytest
import soundfile
import torch

from speechrnn.config import parse_config
from speechrnn.datadir import Utterance, write_datadir
from speechrnn.export.model_file import export_model
from speechrnn.models.command import CommandModel
from speechrnn.vocabulary import BLANK, Vocabulary

# A shell that starts the tests in the background has them ignore SIGINT, and so their children:
# the tests of Ctrl-C would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)

TONES_HZ = {"low": 300.0, "mid": 900.0, "high": 2500.0}


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Commands keep what they decode, but not in the home of who tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real recordings, where this machine has them."""
    path = os.environ.get("SPEECHRNN_SHARED_DATA")
    if not path:
        pytest.skip("SPEECHRNN_SHARED_DATA names no folder of real recordings")
    return Path(path)


@pytest.fixture
def partly_unreadable(tones: Path, tmp_path: Path) -> Path:
    """The training tones, and one clip whose file, broken.wav, is no audio."""
    directory = tmp_path / "partly_unreadable"
    shutil.copytree(tones / "train", directory)
    broken = tmp_path / "broken.wav"
    broken.write_text("no audio")
    for name, line in (("wav.scp", str(broken)), ("text", "high"), ("utt2spk", "zed")):
        with open(directory / name, "a") as file:
            file.write(f"zed-high {line}\n")
    return directory


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


@pytest.fixture(scope="session")
def tone_reader(tmp_path_factory: pytest.TempPathFactory, tone_metadata: dict[str, Any]) -> Path:
    """`tone_model` as one that reads sequences: silence is the blank."""
    text = (Path(__file__).parent / "tone_model.txt").read_text()
    proto = onnx.parser.parse_model(text.replace("(high, low, silence)", "(silence, high, low)"))
    facts = {
        **tone_metadata,
        "labels": ["_silence_", "high", "low"],
        "symbols": ["<blk>", "high", "low"],
        "frame_head": "ctc",
    }
    proto.metadata_props.add(key="speechrnn", value=json.dumps(facts))
    path = tmp_path_factory.mktemp("reader") / "sequences.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


@pytest.fixture(scope="session")
def untrained_reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file with a CTC head, untrained: it hears the tones' words, in whatever order."""
    torch.manual_seed(0)
    tree = {
        "features": {"sample_rate_hz": 8000, "high_hz": 3800.0},
        "model": {"hidden_size": 8, "layers": 1, "pooling": "none", "frame_head": "ctc"},
    }
    model = CommandModel(
        parse_config(tree, "test"), Vocabulary([]), Vocabulary([BLANK, *sorted(TONES_HZ)])
    )
    path = tmp_path_factory.mktemp("reader") / "reader.onnx"
    export_model(model, path, {})
    return path


def _clip(word: str, random: np.random.Generator) -> np.ndarray:
    """(S,) a second at 16 kHz of hardly any noise, for a tone with that from 0.3 to 0.7 s."""
    wave = 1e-4 * random.standard_normal(16000)
    if word in TONES_HZ:
        wave[4800:11200] += 0.1 * np.sin(2 * np.pi * TONES_HZ[word] * np.arange(6400) / 16000)
    return wave.astype(np.float32)


@pytest.fixture(scope="session")
def tone_words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kaldi directory: words that `tone_model` hears, 8 high and 4 low; 3 silent clips, "hush"."""
    root = tmp_path_factory.mktemp("words")
    random = np.random.default_rng(0)
    utterances = []
    for word, count in {"high": 8, "low": 4, "hush": 3}.items():
        for take in range(count):
            name = f"ann-{word}-{take}"
            soundfile.write(root / f"{name}.wav", _clip(word, random), 16000)
            utterances.append(Utterance(name, root / f"{name}.wav", "ann", word, name))
    write_datadir(root / "data", utterances)
    return root / "data"


@pytest.fixture(scope="session")
def no_words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of three recordings; in the second, 4 s long at 8 kHz, a high tone from 2 s on."""
    root = tmp_path_factory.mktemp("no_words")
    (root / "deeper").mkdir()
    random = np.random.default_rng(1)
    for name, seconds in {"a.wav": 3, "deeper/b.flac": 4, "c.ogg": 2}.items():
        rate_hz = 8000 if name == "deeper/b.flac" else 16000
        wave = 1e-4 * random.standard_normal(seconds * rate_hz)
        if name == "deeper/b.flac":
            wave[16000:19200] += 0.1 * np.sin(2 * np.pi * 2500 * np.arange(3200) / 8000)
        soundfile.write(root / name, wave, rate_hz)
    (root / "notes.txt").write_text("no recording")
    return root
