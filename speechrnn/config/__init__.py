"""One strict, typed description of a run, read from one YAML file."""

from speechrnn.config.augment import AugmentConfig
from speechrnn.config.features import FeaturesConfig
from speechrnn.config.file import dump_config, load_config, parse_config, read_tree, with_model
from speechrnn.config.model import Cell, ConvConfig, ModelConfig
from speechrnn.config.run import Config
from speechrnn.config.section import Probability, Section, parse_section
from speechrnn.config.training import OptimizerConfig, StreamingConfig, TrainingConfig

__all__ = [
    "AugmentConfig",
    "Cell",
    "Config",
    "ConvConfig",
    "FeaturesConfig",
    "ModelConfig",
    "OptimizerConfig",
    "Probability",
    "Section",
    "StreamingConfig",
    "TrainingConfig",
    "dump_config",
    "load_config",
    "parse_config",
    "parse_section",
    "read_tree",
    "with_model",
]
