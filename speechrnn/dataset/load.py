"""Decoding a corpus into memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from speechrnn.datadir import Utterance, load_wave
from speechrnn.dataset.clips import FULL_SCALE, Dataset
from speechrnn.errors import AudioError, DataError
from speechrnn.vocabulary import Vocabulary


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
        return np.round(np.clip(wave, -1, 1) * FULL_SCALE).astype(np.int16)

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
