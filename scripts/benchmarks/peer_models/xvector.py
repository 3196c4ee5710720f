"""The x-vector network of SpeechBrain's recipe for Speech Commands, from SpeechBrain itself.

M. Ravanelli et al., "SpeechBrain: A General-Purpose Speech Toolkit", arXiv:2106.04624, 2021; the
settings are those of recipes/Google-speech-commands/hparams/xvect.yaml: 24 mel bands less the
clip's mean, batches of 32, each learnt from in six copies (as it is; bands and stretches dropped;
that at 95, 100 or 105% of the speed; reverberation; noise at 0 to 15 dB; both), Adam from 1e-3 down
to 1e-4 in a line with weight decay 2e-6, the best validation accuracy kept. Departures: the line is
drawn over the budget, not over 100 epochs; the tenth of other words is drawn anew in every epoch,
not once; noise is the corpus's own and rooms are made up, instead of those of OpenSLR-28.
"""

from __future__ import annotations

import csv
from pathlib import Path

import torch
from torch import Tensor, nn

from peer_models.peer import CLIP_SAMPLES, SAMPLE_RATE_HZ, Peer
from speechrnn.audio import write_wav
from speechrnn.augment.room import room_responses
from speechrnn.dataset import Dataset

_MELS = 24
_CHANNELS = [512, 512, 512, 512, 1500]
_SIZE = 512
_ROOM_S = (0.1, 0.6)  # RT60


def xvector(num_labels: int, noise: Dataset, folder: Path) -> Peer:
    """The x-vector network with random weights.

    Args:
        num_labels: Classes.
        noise: What clips are mixed with.
        folder: Where SpeechBrain finds noises and rooms, as files, while it trains.

    Raises:
        ImportError: SpeechBrain is not installed.
    """
    from speechbrain.lobes.models.Xvector import Classifier, Xvector

    embedding = Xvector(
        in_channels=_MELS,
        activation=nn.LeakyReLU,
        tdnn_channels=_CHANNELS,
        tdnn_kernel_sizes=[5, 3, 3, 1, 1],
        tdnn_dilations=[1, 2, 3, 1, 1],
        lin_neurons=_SIZE,
    )
    classifier = Classifier(
        input_shape=[None, None, _SIZE],
        activation=nn.LeakyReLU,
        lin_blocks=1,
        lin_neurons=_SIZE,
        out_neurons=num_labels,
    )
    network = nn.Sequential(embedding, classifier, nn.Flatten())
    return Peer(
        name="x-vector (SpeechBrain)",
        features=_Features(),
        network=network,
        optimizer=torch.optim.Adam(network.parameters(), lr=1e-3, weight_decay=2e-6),
        learning_rate=lambda share, _: 1e-3 + share * (1e-4 - 1e-3),
        batch_size=32,
        augment=_Copies(noise, folder),
    )


class _Features(nn.Module):
    """(B, S) samples to (B, T, F) log-mel bands, the mean of each clip removed."""

    def __init__(self) -> None:
        super().__init__()
        from speechbrain.lobes.features import Fbank
        from speechbrain.processing.features import InputNormalization

        self.bands = Fbank(n_mels=_MELS)
        self.less_mean = InputNormalization(norm_type="sentence", std_norm=False)

    def forward(self, wave: Tensor) -> Tensor:
        return self.less_mean(self.bands(wave), torch.ones(len(wave)))


class _Copies:
    """(B, S) waves and (B) classes to six copies of each."""

    def __init__(self, noise: Dataset, folder: Path) -> None:
        from speechbrain.augment.time_domain import (
            AddNoise,
            AddReverb,
            DropChunk,
            DropFreq,
            SpeedPerturb,
        )

        self.drop_bands = DropFreq(drop_freq_count_low=0, drop_freq_count_high=3)
        self.drop_stretches = DropChunk(
            drop_length_low=1000, drop_length_high=2000, drop_count_low=0, drop_count_high=5
        )
        self.speed = SpeedPerturb(SAMPLE_RATE_HZ, speeds=[95, 100, 105])
        seconds = noise.arena[: len(noise.arena) // CLIP_SAMPLES * CLIP_SAMPLES]
        noises = _write(folder / "noise", seconds.view(-1, CLIP_SAMPLES) / 32768)
        self.noise = AddNoise(noises, snr_low=0, snr_high=15)
        self.room = AddReverb(
            _write(folder / "rooms", room_responses(0, _ROOM_S, SAMPLE_RATE_HZ)[1:])
        )

    def __call__(self, wave: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        lengths = torch.ones(len(wave))
        in_room = self.room(wave)
        copies = [
            wave,
            self._dropped(wave, lengths),
            self._dropped(_fitted(self.speed(wave), wave), lengths),
            in_room,
            self.noise(wave, lengths),
            self.noise(in_room, lengths),
        ]
        return torch.cat(copies), targets.repeat(len(copies))

    def _dropped(self, wave: Tensor, lengths: Tensor) -> Tensor:
        return self.drop_stretches(self.drop_bands(wave), lengths)


def _fitted(wave: Tensor, like: Tensor) -> Tensor:
    """As long as another."""
    return nn.functional.pad(wave, (0, like.shape[1] - wave.shape[1]))


def _write(folder: Path, waves: Tensor) -> str:
    """(N, S) waves as files, with the list of them that SpeechBrain reads."""
    folder.mkdir(parents=True)
    rows = []
    for number, wave in enumerate(waves):
        path = folder / f"{number}.wav"
        write_wav(path, wave.numpy(), SAMPLE_RATE_HZ)
        rows.append((str(number), len(wave) / SAMPLE_RATE_HZ, str(path), "wav", ""))
    listed = folder / "list.csv"
    with open(listed, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("ID", "duration", "wav", "wav_format", "wav_opts"))
        writer.writerows(rows)
    return str(listed)
