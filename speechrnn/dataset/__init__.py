"""Training audio: decoded once, kept as 16-bit samples, and drawn from epoch by epoch."""

from speechrnn.dataset.clips import Dataset, sequential_batches
from speechrnn.dataset.drawing import part_of
from speechrnn.dataset.load import load_dataset
from speechrnn.dataset.sharded import ShardedDataset

__all__ = ["Dataset", "ShardedDataset", "load_dataset", "part_of", "sequential_batches"]
