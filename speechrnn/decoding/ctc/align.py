"""Forced alignment: where in the audio words lie that are known to be there."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from speechrnn.decoding.ctc.hypothesis import LEAST, Hypothesis, Segment, word_of
from speechrnn.decoding.ctc.lexicon import Lexicon, spell
from speechrnn.decoding.ctc.spelling import SEPARATOR
from speechrnn.errors import DataError


def align_words(
    log_probs: np.ndarray,
    words: Sequence[str],
    symbols: Sequence[str],
    lexicon: Lexicon | None = None,
) -> Hypothesis:
    """Find where words lie.

    Args:
        log_probs: (T, V) natural log-posteriors.
        words: What was said.
        symbols: (V,) symbols, the blank first.
        lexicon: What the words are made of; of several pronunciations the first is taken. None:
            words are units or, where the symbols have a separator, spelt in them.

    Returns:
        The words, scored with the log-probability of their likeliest alignment.

    Raises:
        DataError: A word is not in the lexicon or cannot be spelt, or there are too few frames.
    """
    separator = [symbols.index(SEPARATOR)] if SEPARATOR in symbols else []
    units: list[int] = []
    places = []  # of each word in the units
    for word in words:
        units += separator * bool(units)
        first = len(units)
        if lexicon is None:
            units += spell(word, symbols)
        elif word in lexicon.pronunciations:
            units += lexicon.pronunciations[word][0]
        else:
            raise DataError(f"{word!r} is not in the lexicon; add a line with its units")
        places.append((word, first, len(units)))
    segments, score = align(log_probs, units)
    found = (word_of(word, segments[first:last]) for word, first, last in places)
    return Hypothesis(tuple(found), score)


def align(log_probs: np.ndarray, units: Sequence[int]) -> tuple[list[Segment], float]:
    """Find the likeliest alignment of units with frames, by Viterbi's algorithm.

    Args:
        log_probs: (T, V) natural log-posteriors; symbol 0 is the blank.
        units: (U,) ids of what was said, none of them the blank.

    Returns:
        segments: The frames of each unit.
        score: Log-probability of the alignment.

    Raises:
        DataError: Too few frames: each unit needs one, and a repeated unit one for a blank more.
    """
    frames = len(log_probs)
    repeats = sum(a == b for a, b in itertools.pairwise(units))
    if frames < len(units) + repeats:
        raise DataError(
            f"{frames} frames for {len(units)} units, {repeats} of them repeated: an alignment "
            f"needs {len(units) + repeats} frames; leave the utterance out, or say less in it"
        )
    states = np.zeros(2 * len(units) + 1, np.int64)
    states[1::2] = units
    emitted = np.maximum(log_probs, LEAST, dtype=np.float64)[:, states]
    path = _best_path(emitted, states)
    sums = np.concatenate([[0.0], np.cumsum(emitted[np.arange(frames), path])])
    segments = []
    for place, unit in enumerate(units):
        own = np.flatnonzero(path == 2 * place + 1)
        start, end = int(own[0]), int(own[-1]) + 1
        segments.append(Segment(unit, start, end, float(sums[start]), float(sums[end])))
    return segments, float(sums[-1])


def _best_path(log_probs: np.ndarray, states: np.ndarray) -> np.ndarray:
    """The likeliest way from one of the first two states to one of the last two.

    Args:
        log_probs: (T, S) of the states.
        states: (S,) their symbols: blank, first unit, blank, second unit, ..., blank.

    Returns:
        (T,) the state of each frame.
    """
    skipping = np.where(states[2:] == states[:-2], -np.inf, 0.0)  # a blank, but not a needed one
    scores = np.full(len(states), -np.inf)
    scores[0] = 0.0  # before the first frame
    ways = np.full((3, len(states)), -np.inf)  # from the state itself, the one before, ...
    steps = np.empty(log_probs.shape, np.int8)
    for t in range(len(log_probs)):
        ways[0], ways[1, 1:], ways[2, 2:] = scores, scores[:-1], scores[:-2] + skipping
        steps[t] = ways.argmax(axis=0)
        scores = ways.max(axis=0) + log_probs[t]
    path = np.empty(len(log_probs), np.int64)
    state = len(states) - 1
    if state and scores[-2] > scores[-1]:
        state -= 1
    for t in range(len(log_probs) - 1, -1, -1):
        path[t] = state
        state -= int(steps[t, state])
    return path
