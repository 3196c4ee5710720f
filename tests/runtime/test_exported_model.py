from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from speechrnn.config import parse_config
from speechrnn.export.model_file import export_model
from speechrnn.models.command import CommandModel
from speechrnn.runtime.recognizer import load_model
from speechrnn.vocabulary import Vocabulary

LABELS = ("go", "no", "yes", "_silence_", "_unknown_")
SETTINGS = {
    "gru": {"model": {"hidden_size": 12}},
    "lstm, strided": {
        "model": {
            "cell": "lstm",
            "hidden_size": 8,
            "pooling": "last",
            "convolutions": [{"channels": 6, "kernel": 3, "stride": 2}],
        }
    },
    "8 kHz log-mel": {
        "features": {"sample_rate_hz": 8000, "kind": "logmel", "high_hz": 3800.0},
        "model": {"cell": "feedforward", "hidden_size": 8, "pooling": "mean"},
    },
    "absolute floor": {
        "features": {"floor": "absolute", "floor_db": -60.0},
        "model": {"bidirectional": False, "hidden_size": 8, "pooling": "max"},
    },
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_recogniser_and_network_hear_the_same(settings: dict, tmp_path: Path) -> None:
    """The recogniser pads, batches and starts states as the network does in training."""
    torch.manual_seed(0)
    model = CommandModel(parse_config(settings, "test"), Vocabulary(LABELS)).eval()
    export_model(model, tmp_path / "model.onnx", {})
    recognizer = load_model(tmp_path / "model.onnx")
    random = np.random.default_rng(0)
    rate_hz = recognizer.info.sample_rate_hz
    waves = [
        (10 ** random.uniform(-3, 0) * random.uniform(-1, 1, int(seconds * rate_hz))).astype("f4")
        for seconds in (1.0, 0.3, 0.004, 0.777, 1.0)
    ]
    heard = recognizer.clip_log_probs(waves)
    with torch.no_grad():
        wave = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(w) for w in waves], True)
        lens = torch.tensor([len(w) for w in waves])
        expected = torch.log_softmax(model.logits(*model.features(wave, lens)), -1)
    np.testing.assert_allclose(heard, expected.numpy(), atol=1e-4)  # the parity every export has
    assert np.ptp(heard, axis=0).max() > 1e-3  # or the clips could be told apart by nothing
