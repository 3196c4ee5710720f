"""Frame arithmetic: the one place that says how many frames n samples make, and what they see."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FrameGrid:
    """Where frames lie on the sample axis.

    Frame t sees the samples [t * hop - left, t * hop - left + window). Stages (short-time
    spectrum, deltas, strided convolution) use valid windows only, so each widens the window and
    multiplies the hop; whoever calls a model pads zeros at the true start and end of the audio.

    Attributes:
        window_samples: Samples that one frame depends on.
        hop_samples: Samples from one frame to the next.
    """

    window_samples: int
    hop_samples: int

    def then(self, kernel: int, stride: int = 1) -> FrameGrid:
        """The grid after a valid window of `kernel` frames that moves by `stride` frames."""
        return FrameGrid(
            self.window_samples + (kernel - 1) * self.hop_samples, self.hop_samples * stride
        )

    @property
    def left_samples(self) -> int:
        """Samples of left context that frame 0 needs before the first sample of the audio."""
        return (self.window_samples - self.hop_samples) // 2

    @property
    def right_samples(self) -> int:
        """Samples of look-ahead that a frame needs beyond its own hop."""
        return self.window_samples - self.hop_samples - self.left_samples

    def num_frames(self, num_samples: int) -> int:
        """Frames that an utterance of `num_samples` makes: one per started hop, at least one."""
        return max(1, -(-num_samples // self.hop_samples))

    def padded_samples(self, num_frames: int) -> int:
        """Samples, context included, that exactly `num_frames` frames need."""
        return (num_frames - 1) * self.hop_samples + self.window_samples

    def valid_frames(self, num_samples: int) -> int:
        """Whole windows inside `num_samples`, context included; the inverse of `padded_samples`."""
        return max(0, (num_samples - self.window_samples) // self.hop_samples + 1)
