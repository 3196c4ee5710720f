"""Random changes to training audio and features, batched on the training device.

What happens to an utterance depends on the seed, the epoch and the utterance alone: not on the
batch it stands in, the device, or how many processes share the work.
"""

from speechrnn.augment.augmenter import Augmenter

__all__ = ["Augmenter"]
