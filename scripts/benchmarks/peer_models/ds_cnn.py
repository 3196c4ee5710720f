"""DS-CNN, the small one.

Y. Zhang et al., "Hello Edge: Keyword Spotting on Microcontrollers", arXiv:1711.07128, 2017, with
the settings of its training code: ten MFCCs of 40 ms every 20 ms, batches of 100, Adam at 5e-4,
1e-4 and 2e-5 for a third of the steps each, clips shifted by up to 100 ms, background noise of up
to a tenth of full scale in 80% of them, the best validation accuracy kept. Departures: the thirds
are of the budget, not of 30,000 steps; MFCCs come from torchaudio, with a DFT as long as the
window; the tenth of other words is drawn anew in every epoch, not once.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchaudio.transforms import MFCC

from peer_models.lists import stretches_of
from peer_models.peer import SAMPLE_RATE_HZ, Peer
from speechrnn.dataset import Dataset

_CHANNELS = 64
_BLOCKS = 4
_SHIFT_SAMPLES = SAMPLE_RATE_HZ // 10
_RATES = (5e-4, 1e-4, 2e-5)


def ds_cnn(num_labels: int, noise: Dataset) -> Peer:
    """DS-CNN with random weights.

    Args:
        num_labels: Classes.
        noise: What clips are mixed with.
    """
    network = nn.Sequential(
        nn.ZeroPad2d((1, 1, 4, 5)),  # 49 frames of 10 to 25 of 5
        nn.Conv2d(1, _CHANNELS, (10, 4), 2),
        nn.BatchNorm2d(_CHANNELS),
        nn.ReLU(),
        *(_separable() for _ in range(_BLOCKS)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(_CHANNELS, num_labels),
    )

    def augment(wave: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        loudness = 0.1 * torch.rand(len(wave), 1) * (torch.rand(len(wave), 1) < 0.8)
        noisy = shifted(wave) + loudness * stretches_of(noise, len(wave))
        return noisy.clamp(-1, 1), targets

    return Peer(
        name="DS-CNN-S (Hello Edge)",
        features=nn.Sequential(_mfcc(), nn.Unflatten(1, (1, -1))),
        network=network,
        optimizer=torch.optim.Adam(network.parameters(), lr=_RATES[0]),
        learning_rate=lambda share, _: _RATES[min(int(3 * share), 2)],
        batch_size=100,
        augment=augment,
    )


def shifted(wave: Tensor) -> Tensor:
    """(B, S) clips, each moved by up to 100 ms, zeros where nothing is left."""
    padded = nn.functional.pad(wave, (_SHIFT_SAMPLES, _SHIFT_SAMPLES))
    starts = torch.randint(2 * _SHIFT_SAMPLES + 1, (len(wave), 1))
    return padded.gather(1, starts + torch.arange(wave.shape[1]))


def _mfcc() -> nn.Module:
    spectrum = {
        "n_fft": 640,
        "hop_length": 320,
        "n_mels": 40,
        "f_min": 20.0,
        "f_max": 4000.0,
        "center": False,
        "power": 1.0,
    }
    return nn.Sequential(MFCC(SAMPLE_RATE_HZ, 10, log_mels=True, melkwargs=spectrum), _Transpose())


class _Transpose(nn.Module):
    def forward(self, feats: Tensor) -> Tensor:
        return feats.transpose(1, 2)  # (B, T, F)


def _separable() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(_CHANNELS, _CHANNELS, 3, padding=1, groups=_CHANNELS),
        nn.BatchNorm2d(_CHANNELS),
        nn.ReLU(),
        nn.Conv2d(_CHANNELS, _CHANNELS, 1),
        nn.BatchNorm2d(_CHANNELS),
        nn.ReLU(),
    )
