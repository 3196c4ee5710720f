"""Training audio, decoded once and kept as 16-bit samples on the training device."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from speechrnn.datadir import Utterance, load_wave
from speechrnn.errors import AudioError, DataError
from speechrnn.vocabulary import Vocabulary

_FULL_SCALE = 32767.0
_SORTED_BATCHES = 16  # batches' worth of shuffled clips that are sorted by length together


@dataclass(frozen=True)
class Dataset:
    """Clips laid end to end, each with its class.

    Attributes:
        arena: (N,) int16, all samples.
        starts: (n,) int64, each clip's first sample in `arena`.
        lengths: (n,) int64, samples of each clip.
        targets: (n,) int64, each clip's class.
        utterances: Where the clips come from, in the same order.
        faults: One line for each utterance that could not be read and was left out.
    """

    arena: torch.Tensor
    starts: torch.Tensor
    lengths: torch.Tensor
    targets: torch.Tensor
    utterances: tuple[Utterance, ...]
    faults: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.utterances)

    def to(self, device: torch.device) -> Dataset:
        """The same clips on another device."""
        return Dataset(
            self.arena.to(device),
            self.starts.to(device),
            self.lengths.to(device),
            self.targets.to(device),
            self.utterances,
            self.faults,
        )

    def waves(self, indices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Clips as they were recorded.

        Args:
            indices: (B,) which clips.

        Returns:
            wave: (B, S) float32 in [-1, 1], zero beyond each clip's end.
            wave_lens: (B,) int64, samples.
        """
        wave_lens = self.lengths[indices]
        offsets = torch.arange(int(wave_lens.max()), device=self.arena.device)
        inside = offsets < wave_lens[:, None]
        places = (self.starts[indices][:, None] + offsets).clamp_(max=len(self.arena) - 1)
        wave = self.arena[places].to(torch.float32) / _FULL_SCALE
        return wave * inside, wave_lens


def load_dataset(
    utterances: Sequence[Utterance],
    vocabulary: Vocabulary,
    sample_rate_hz: int,
    on_clip: Callable[[], None] = lambda: None,
) -> Dataset:
    """Decode utterances into memory (2 bytes a sample).

    Args:
        utterances: What to read; the text of each is its class.
        vocabulary: Maps texts to classes; an empty one: all are of class 0.
        sample_rate_hz: Rate that everything is resampled to.
        on_clip: Called after each clip, for progress.

    Raises:
        DataError: No utterance could be read, or a text has no class.
    """
    targets = {u.text: vocabulary.class_id(u.text) if vocabulary else 0 for u in utterances}

    def decode(utterance: Utterance) -> np.ndarray | str:
        try:
            wave = load_wave(utterance, sample_rate_hz)
        except AudioError as fault:
            return str(fault)
        finally:
            on_clip()
        return np.round(np.clip(wave, -1, 1) * _FULL_SCALE).astype(np.int16)

    with ThreadPoolExecutor(4) as pool:
        decoded = list(pool.map(decode, utterances))
    clips = [clip for clip in decoded if not isinstance(clip, str)]
    faults = [fault for fault in decoded if isinstance(fault, str)]
    if not clips:
        raise DataError(f"no audio could be read; the first of {len(faults)} faults: {faults[:1]}")
    kept = [u for u, clip in zip(utterances, decoded, strict=True) if not isinstance(clip, str)]
    lengths = np.array([len(clip) for clip in clips], dtype=np.int64)
    return Dataset(
        torch.from_numpy(np.concatenate(clips)),
        torch.from_numpy(np.cumsum(lengths) - lengths),
        torch.from_numpy(lengths),
        torch.tensor([targets[u.text] for u in kept]),
        tuple(kept),
        tuple(faults),
    )


def epoch_batches(
    dataset: Dataset, batch_size: int, balance: float, seed: int, epoch: int
) -> list[torch.Tensor]:
    """The batches of one training epoch, the same for the same seed and epoch.

    Classes are drawn with weight count ** -balance per clip, so that `balance` 0 takes every clip
    once and 1 draws each class equally often. Clips of similar length share a batch.

    Returns:
        (B,) int64 draws for each batch. Draw `d` is clip `d % len(dataset)`; when a clip comes
        again in the same epoch its draw is another, for augmentation to differ.
    """
    random = np.random.default_rng((seed, epoch))
    order = random.permutation(_balanced(dataset.targets.cpu().numpy(), balance, random))
    lengths = np.tile(dataset.lengths.cpu().numpy(), order.max() // len(dataset) + 1)
    batches = []
    for begin in range(0, len(order), batch_size * _SORTED_BATCHES):
        part = order[begin : begin + batch_size * _SORTED_BATCHES]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches += [part[i : i + batch_size] for i in range(0, len(part), batch_size)]
    return [torch.from_numpy(batches[i]) for i in random.permutation(len(batches))]


def sequential_batches(dataset: Dataset, batch_size: int) -> Iterator[torch.Tensor]:
    """Every clip once, sorted by length, for evaluation.

    Returns:
        (B,) int64 clip indices for each batch.
    """
    yield from torch.argsort(dataset.lengths.cpu(), stable=True).split(batch_size)


def _balanced(targets: np.ndarray, balance: float, random: np.random.Generator) -> np.ndarray:
    count = np.bincount(targets)[targets]
    expected = count ** -float(balance)
    expected *= len(targets) / expected.sum()
    # Systematic resampling: each clip comes floor(expected) or ceil(expected) times.
    steps = np.floor(np.cumsum(expected) + random.random())
    copies = np.diff(steps, prepend=0.0).astype(np.int64)
    first = np.repeat(np.cumsum(copies) - copies, copies)
    times_before = np.arange(len(first)) - first
    return np.repeat(np.arange(len(targets)), copies) + times_before * len(targets)
