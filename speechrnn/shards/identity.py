"""What tells whether a decoded result still is that of the recordings."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

import soundfile
import soxr

from speechrnn.datadir import Utterance

_VERSION = 1  # of what is decoded how; a new one makes everything anew


def decoding_key(utterances: Sequence[Utterance], sample_rate_hz: int) -> str:
    """Names what decoding these utterances gives: another key wherever the samples may differ.

    Of each file it takes path, length, and the times of its last change and of its last change of
    state. The system sets the latter whenever bytes, name or times change, and nobody can set it
    back: what passed for the same file but was not would need a clock that was turned back. That
    takes 10 us a file; to digest the bytes of a corpus would mean to read it. A corpus that was
    moved is decoded once more. Texts and speakers do not change samples.

    Returns:
        32 hexadecimal digits.
    """
    digest = hashlib.blake2b(digest_size=16)
    versions = (_VERSION, soundfile.__libsndfile_version__, soxr.__version__)
    digest.update(repr((versions, sample_rate_hz)).encode())
    states: dict[str, tuple[int, ...]] = {}
    for utterance in utterances:
        path = os.path.abspath(utterance.wav)
        if path not in states:
            states[path] = _state(path)
        facts = (utterance.id, path, states[path], utterance.start_s, utterance.end_s)
        digest.update(repr(facts).encode())
    return digest.hexdigest()


def _state(path: str) -> tuple[int, ...]:
    try:
        state = os.stat(path)
    except OSError:
        return ()  # what is missing may come
    return (state.st_size, state.st_mtime_ns, state.st_ctime_ns)
