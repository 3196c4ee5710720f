"""A corpus in memory, or mapped into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from speechrnn.datadir import Utterance
from speechrnn.dataset.clips import Dataset
from speechrnn.errors import DataError
from speechrnn.shards.cache import ClipCache, DecodedClips
from speechrnn.shards.shard import decode
from speechrnn.vocabulary import Vocabulary


def load_dataset(
    utterances: Sequence[Utterance],
    vocabulary: Vocabulary,
    sample_rate_hz: int,
    on_clip: Callable[[], None] = lambda: None,
    cache: ClipCache | None = None,
) -> Dataset:
    """Decode utterances into memory (2 bytes a sample), or map what was decoded before into it.

    Args:
        utterances: What to read; the text of each is its class.
        vocabulary: Maps texts to classes; an empty one: all are of class 0.
        sample_rate_hz: Rate that everything is resampled to.
        on_clip: Called after each clip, for progress.
        cache: Where decoded clips are kept; none: nowhere.

    Raises:
        DataError: No utterance could be read, or a text has no class, or the cache cannot be used.
    """
    targets = {u.text: vocabulary.class_id(u.text) if vocabulary else 0 for u in utterances}
    if cache is None:
        clips = _decoded(utterances, sample_rate_hz, on_clip)
    else:
        clips = cache.load(utterances, sample_rate_hz, on_clip)
    if not len(clips.lengths):
        raise DataError(
            f"no audio could be read; the first of {len(clips.faults)} faults: {clips.faults[:1]}"
        )
    kept = tuple(utterances[position] for position in clips.positions.tolist())
    lengths = torch.from_numpy(clips.lengths)
    return Dataset(
        torch.from_numpy(clips.samples),
        lengths.cumsum(0) - lengths,
        lengths,
        torch.tensor([targets[u.text] for u in kept]),
        kept,
        clips.faults,
    )


def _decoded(
    utterances: Sequence[Utterance], sample_rate_hz: int, on_clip: Callable[[], None]
) -> DecodedClips:
    def decoded(utterance: Utterance) -> np.ndarray | str:
        try:
            return decode(utterance, sample_rate_hz)
        finally:
            on_clip()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(decoded, utterances))
    clips = [(i, clip) for i, clip in enumerate(results) if not isinstance(clip, str)]
    return DecodedClips(
        np.concatenate([np.zeros(0, np.int16), *(clip for _, clip in clips)]),
        np.array([len(clip) for _, clip in clips], np.int64),
        np.array([position for position, _ in clips], np.int64),
        tuple(fault for fault in results if isinstance(fault, str)),
    )
