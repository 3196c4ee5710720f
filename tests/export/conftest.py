"""Small models and sessions for the tests of the exported file."""

import numpy as np
import onnxruntime as ort
import pytest
import torch

from speechrnn.config import Config, ConvConfig, FeaturesConfig, ModelConfig, StreamingConfig
from speechrnn.models.command import CommandModel
from speechrnn.vocabulary import Vocabulary

FRONT_ENDS = {
    "mfcc": {"n_mfcc": 8, "deltas": 1},
    "logmel": {"kind": "logmel", "deltas": 2},
    "absolute": {"n_mfcc": 8, "deltas": 0, "floor": "absolute", "floor_db": 80.0},
    "kaldi": {"n_mfcc": 8, "style": "kaldi", "window_ms": 25.0, "hop_ms": 10.0},
}


def _make_model(features="mfcc", strided=False, **settings):
    torch.manual_seed(0)
    front_end = {"sample_rate_hz": 8000, "high_hz": 3800.0, "n_mels": 16, **FRONT_ENDS[features]}
    convolutions = (ConvConfig(channels=7, kernel=3, stride=2), ConvConfig(channels=6, kernel=2))
    network = {"hidden_size": 8, "convolutions": convolutions if strided else (), **settings}
    streaming = StreamingConfig(share=0.5 if settings.get("frame_head") else 0.0)
    config = Config(
        features=FeaturesConfig(**front_end), model=ModelConfig(**network), streaming=streaming
    )
    model = CommandModel(config, Vocabulary(["go", "no", "yes"])).eval()
    dimension = config.features.dimension
    model.front_end.set_statistics(torch.randn(dimension), torch.rand(dimension) + 1)
    return model


def _open_session(model):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    source = model if isinstance(model, bytes) else str(model)
    return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def _run(session, **inputs):
    names = [output.name for output in session.get_outputs()]
    arrays = {name: np.asarray(value) for name, value in inputs.items()}
    return dict(zip(names, session.run(None, arrays), strict=True))


@pytest.fixture
def make_model():
    """Build a tiny model: `make_model(features, strided, **model settings)`."""
    return _make_model


@pytest.fixture
def open_session():
    """Open a file or serialised model in onnxruntime."""
    return _open_session


@pytest.fixture
def run():
    """Run a session with named inputs; outputs by name."""
    return _run
