"""The level below which a band counts as silent: fixed, or relative to a running peak."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from speechrnn.config import FeaturesConfig

NATS_PER_DB = math.log(10) / 10  # of power


class Floor:
    """Lower limit of log-mel spectra.

    `absolute` lets nothing fall more than `floor_db` below full scale. `peak` states each frame
    relative to the loudest band so far, a peak that decays with time, and lets nothing fall more
    than `floor_db` below it: the gain of a recording and digital silence around a clip then leave
    the features alone. The peak itself falls to `peak_least_db` and no further, so that a pause
    does not lift its own noise to the height of speech. It looks at no later frame, so a stream
    yields the same numbers.

    Attributes:
        kind: `absolute` or `peak`.
        lowest: `absolute`: the least log power; `peak`: the least feature, both in nats.
        least: Log power of the peak before the first frame, and the least that it falls to.
        decay: Nats that the peak falls from frame to frame.
    """

    def __init__(self, config: FeaturesConfig, full_scale: float) -> None:
        self.kind = config.floor
        self.lowest = -config.floor_db * NATS_PER_DB
        if self.kind == "absolute":
            self.lowest += full_scale
        self.least = full_scale + config.peak_least_db * NATS_PER_DB
        hop_s = config.hop_samples / config.sample_rate_hz
        self.decay = config.peak_decay_db_s * hop_s * NATS_PER_DB

    def __call__(self, log_mel: Tensor, peak: Tensor | None) -> tuple[Tensor, Tensor]:
        """Apply it.

        Args:
            log_mel: (B, T, M) log power.
            peak: (B) running peak before the first frame; none: the start of a stream.

        Returns:
            (B, T, M) limited spectra and (B, T) running peaks (`absolute`: (B, 0)).
        """
        if self.kind == "absolute":
            return log_mel.clamp(min=self.lowest), log_mel.new_empty(len(log_mel), 0)
        if peak is None:
            peak = log_mel.new_full((len(log_mel),), self.least)
        peaks = running_peak(log_mel.amax(-1).clamp(min=self.least), peak, self.decay)
        return (log_mel - peaks[..., None]).clamp(min=self.lowest), peaks


def running_peak(levels: Tensor, start: Tensor, decay: float) -> Tensor:
    """The peak p[t] = max(levels[t], p[t - 1] - decay).

    Args:
        levels: (B, T) float32.
        start: (B) p[-1].
        decay: Fall per frame, at least 0.

    Returns:
        (B, T) float32.
    """
    # p[t] + decay * t only ever rises. float64: over hours decay * t grows beyond what float32
    # adds without loss.
    raised = decay * torch.arange(1, levels.shape[1] + 1, dtype=torch.float64, device=levels.device)
    tops = torch.cat([start[:, None].to(torch.float64), levels + raised], dim=1)
    return (tops.cummax(1).values[:, 1:] - raised).to(levels.dtype)
