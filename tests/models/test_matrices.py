"""Which of a network's numbers are matrices."""

from speechrnn.config import Config, ModelConfig
from speechrnn.models.command import CommandModel
from speechrnn.models.matrices import matrices
from speechrnn.vocabulary import Vocabulary


def test_biases_gains_and_decays_are_none() -> None:
    config = Config(model=ModelConfig(cell="rglru", layers=1, layer_norm=True, hidden_size=8))
    model = CommandModel(config, Vocabulary(["no", "yes"]))
    assert set(matrices(model)) == {
        "convolutions.convolutions.0.weight",
        "encoder.layers.0.gates.0.weight",
        "encoder.layers.0.gates.1.weight",
        "head.attention.score.weight",
        "head.output.weight",
    }
