"""Small networks with random weights, to be made smaller."""

import pytest
import torch

from speechrnn.config import parse_config
from speechrnn.models.command import CommandModel
from speechrnn.vocabulary import Vocabulary

STACKS = {
    "none": [],
    "time": [{"channels": 7, "kernel": 3, "stride": 2}, {"channels": 6, "kernel": 2}],
    "bands": [
        {"channels": 4, "kernel": 3, "bands": 5, "band_stride": 2},
        {"channels": 6, "kernel": 2, "stride": 2, "bands": 3},
    ],
    "both": [
        {"channels": 4, "kernel": 3, "bands": 5, "band_stride": 2},
        {"channels": 6, "kernel": 1},
    ],
}


@pytest.fixture
def make_network():
    """`make_network(stack, **model settings)`: every number random, biases as well."""

    def make(stack="time", **settings):
        torch.manual_seed(0)
        features = {"sample_rate_hz": 8000, "high_hz": 3800.0, "n_mels": 16, "kind": "logmel"}
        model = {"hidden_size": 12, "convolutions": STACKS[stack], **settings}
        tree = {"features": {**features, "deltas": 1}, "model": model}
        if settings.get("frame_head") == "keyword":
            tree["streaming"] = {"share": 0.5}
        config = parse_config(tree, "test")
        labels = Vocabulary(["go", "no", "yes", "_silence_"])
        symbols = labels.keywords() if config.model.frame_head == "ctc" else None
        network = CommandModel(config, labels, symbols).eval()
        with torch.no_grad():
            for parameter in network.parameters():
                if parameter.ndim == 1:
                    parameter.uniform_(-0.5, 0.5)
            for name, buffer in network.named_buffers():
                if ".running_" in name:
                    buffer.uniform_(0.1, 2)
        size = config.features.dimension
        network.front_end.set_statistics(torch.randn(size), torch.rand(size) + 1)
        return network

    return make
