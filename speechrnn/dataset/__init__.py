"""Training audio: decoded once, kept as 16-bit samples, and drawn from epoch by epoch."""

from speechrnn.dataset.clips import Dataset, sequential_batches
from speechrnn.dataset.load import load_dataset

__all__ = ["Dataset", "load_dataset", "sequential_batches"]
