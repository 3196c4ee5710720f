"""M5 as in torchaudio's tutorial on speech commands.

W. Dai et al., "Very Deep Convolutional Neural Networks for Raw Waveforms", arXiv:1610.00087, 2016,
made smaller by "Speech Command Classification with torchaudio" (docs.pytorch.org/tutorials), whose
settings these are: 8 kHz, batches of 256, Adam at 0.01 with weight decay 1e-4, a tenth of the rate
after every 20 epochs, nothing changed at random. Departures: the tutorial trains for 2 epochs, on
35 words and nothing else; of other words it gets as many as the other peers.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torchaudio.transforms import Resample

from peer_models.peer import SAMPLE_RATE_HZ, Peer

_CHANNELS = 32


def m5(num_labels: int) -> Peer:
    """M5 with random weights."""
    network = nn.Sequential(
        OrderedDict(
            first=_block(1, _CHANNELS, 80, 16),
            second=_block(_CHANNELS, _CHANNELS, 3, 1),
            third=_block(_CHANNELS, 2 * _CHANNELS, 3, 1),
            fourth=_block(2 * _CHANNELS, 2 * _CHANNELS, 3, 1),
            mean=nn.AdaptiveAvgPool1d(1),
            flat=nn.Flatten(),
            output=nn.Linear(2 * _CHANNELS, num_labels),
        )
    )
    return Peer(
        name="M5 (torchaudio's tutorial)",
        features=nn.Sequential(Resample(SAMPLE_RATE_HZ, 8000), nn.Unflatten(1, (1, -1))),
        network=network,
        optimizer=torch.optim.Adam(network.parameters(), lr=0.01, weight_decay=1e-4),
        learning_rate=lambda _, epochs: 0.01 * 0.1 ** (int(epochs) // 20),
        batch_size=256,
        augment=_unchanged,
    )


def _block(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, kernel, stride),
        nn.BatchNorm1d(outputs),
        nn.ReLU(),
        nn.MaxPool1d(4),
    )


def _unchanged(wave: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    return wave, targets
