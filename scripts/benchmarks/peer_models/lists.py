"""The lists that all models share: Kaldi directories, decoded once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from peer_models.peer import CLIP_SAMPLES, SAMPLE_RATE_HZ
from speechrnn.datadir import Utterance, read_datadir
from speechrnn.dataset import Dataset, load_dataset
from speechrnn.errors import DataError
from speechrnn.vocabulary import Vocabulary


@dataclass(frozen=True)
class Lists:
    """What is learnt from, chosen on and tested on.

    Attributes:
        vocabulary: The classes.
        train: Training clips.
        valid: Clips that the best epoch is chosen on.
        test: Clips that are heard once, at the end.
        noise: Noises to mix with training clips.
    """

    vocabulary: Vocabulary
    train: tuple[Utterance, ...]
    valid: tuple[Utterance, ...]
    test: tuple[Utterance, ...]
    noise: tuple[Utterance, ...]

    def decode(self, name: str) -> Dataset:
        """The clips called `name`, in memory."""
        vocabulary = Vocabulary([]) if name == "noise" else self.vocabulary
        dataset = load_dataset(getattr(self, name), vocabulary, SAMPLE_RATE_HZ)
        if dataset.faults:
            raise DataError(f"{dataset.faults[0]}; all models must get the same clips")
        return dataset


def read_lists(data: Path) -> Lists:
    """Lists as `speechrnn prepare speech-commands` leaves them, of any of its tasks.

    Raises:
        DataError: One is not there or faulty.
    """
    missing = [name for name in ("train", "valid", "test", "noise/train") if not _is(data / name)]
    if missing:
        raise DataError(
            f"{data}: no {', '.join(missing)}; name a folder that 'speechrnn prepare "
            "speech-commands' made"
        )
    train, valid, test, noise = (
        tuple(read_datadir(data / name)) for name in ("train", "valid", "test", "noise/train")
    )
    return Lists(Vocabulary.of_words({u.text for u in train}), train, valid, test, noise)


def clips_of(dataset: Dataset, indices: Tensor) -> Tensor:
    """(B, S) clips of a second; shorter ones end in zeros, longer ones are cut."""
    wave, _ = dataset.waves(indices)
    return nn.functional.pad(wave, (0, CLIP_SAMPLES - wave.shape[1]))


def stretches_of(noise: Dataset, count: int) -> Tensor:
    """(count, S) seconds of noise, drawn at random."""
    if len(noise.arena) < CLIP_SAMPLES:
        raise DataError("noise/train: expected a second of noise or more; add some")
    first = torch.randint(len(noise.arena) - CLIP_SAMPLES + 1, (count, 1))
    return noise.arena[first + torch.arange(CLIP_SAMPLES)].to(torch.float32) / 32768


def _is(path: Path) -> bool:
    return (path / "wav.scp").is_file()
