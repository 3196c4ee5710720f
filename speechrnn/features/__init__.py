"""From waveform to feature vectors, batched on the training device."""

from speechrnn.features.front_end import FrontEnd
from speechrnn.features.statistics import FeatureStatistics

__all__ = ["FeatureStatistics", "FrontEnd"]
