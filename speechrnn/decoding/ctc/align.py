"""Forced alignment: where in the audio words lie that are known to be there."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from speechrnn.decoding.ctc.hypothesis import LEAST, Hypothesis, Segment, word_of
from speechrnn.decoding.ctc.lexicon import Lexicon, spell
from speechrnn.decoding.ctc.spelling import SEPARATOR
from speechrnn.errors import DataError

_BLANK = 0


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
        lexicon: What the words are made of; of several pronunciations the likeliest is taken. None:
            words are units or, where the symbols have a separator, spelt in them.

    Returns:
        The words, scored with the log-probability of their likeliest alignment.

    Raises:
        DataError: A word is not in the lexicon or cannot be spelt, or there are too few frames.
    """
    parts: list[Sequence[Sequence[int]]] = []
    for word in words:
        if SEPARATOR in symbols and parts:
            parts.append([(symbols.index(SEPARATOR),)])
        if lexicon is None:
            parts.append([spell(word, symbols)])
        elif word in lexicon.pronunciations:
            parts.append(lexicon.pronunciations[word])
        else:
            raise DataError(f"{word!r} is not in the lexicon; add a line with its units")
    segments, score = _align(log_probs, parts)
    spoken = segments[::2] if SEPARATOR in symbols else segments
    return Hypothesis(tuple(map(word_of, words, spoken)), score)


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
    segments, score = _align(log_probs, [[(unit,)] for unit in units])
    return [segment for part in segments for segment in part], score


class _States:
    """What may be aligned with a frame, from the blank before all units to the one behind them.

    Attributes:
        units: The symbol of each state.
        parts: Which part of what was said it belongs to; -1 for a blank between parts.
        sources: From where it is reached in the next frame: the state itself, then earlier ones.
        last: Where an alignment may end.
    """

    def __init__(self, parts: Sequence[Sequence[Sequence[int]]]) -> None:
        self.units: list[int] = []
        self.parts: list[int] = []
        self.sources: list[list[int]] = []
        gap = self._add(_BLANK, -1, [])
        ends: list[int] = []
        for part, ways in enumerate(parts):
            before, ends = [gap, *ends], []
            for way in ways:
                end = self._add(way[0], part, before)
                for unit in way[1:]:
                    end = self._add(unit, part, [self._add(_BLANK, part, [end]), end])
                ends.append(end)
            gap = self._add(_BLANK, -1, ends)
        self.last = [gap, *ends]

    def _add(self, unit: int, part: int, sources: list[int]) -> int:
        """A state; from one of the same unit it cannot be reached but through a blank."""
        state = len(self.units)
        self.sources.append([state, *(its for its in sources if self.units[its] != unit)])
        self.units.append(unit)
        self.parts.append(part)
        return state


def _align(
    log_probs: np.ndarray, parts: Sequence[Sequence[Sequence[int]]]
) -> tuple[list[list[Segment]], float]:
    """Find the likeliest alignment of parts, each said in one of several ways.

    Args:
        log_probs: (T, V) natural log-posteriors.
        parts: The units of each way, none of them empty, to say each part.

    Returns:
        segments: The frames of each part's units.
        score: Log-probability of the alignment.

    Raises:
        DataError: Too few frames.
    """
    states = _States(parts)
    needed = [0]
    for sources in states.sources[1:]:
        needed.append(1 + min(needed[source] for source in sources[1:]))
    least, frames = min(needed[state] for state in states.last), len(log_probs)
    if frames < least:
        raise DataError(
            f"{frames} frames for what was said: an alignment needs {least} frames, one for each "
            "unit and one between equal units; leave the utterance out, or say less in it"
        )
    emitted = np.maximum(log_probs, LEAST, dtype=np.float64)[:, states.units]
    path = _best_path(emitted, states)
    sums = np.concatenate([[0.0], np.cumsum(emitted[np.arange(frames), path])]).tolist()
    bounds = np.flatnonzero(np.diff(path, prepend=-1, append=-1)).tolist()
    segments: list[list[Segment]] = [[] for _ in parts]
    for start, end in itertools.pairwise(bounds):
        unit, part = states.units[path[start]], states.parts[path[start]]
        if unit != _BLANK:
            segments[part].append(Segment(unit, start, end, sums[start], sums[end]))
    return segments, sums[-1]


def _best_path(log_probs: np.ndarray, states: _States) -> np.ndarray:
    """The likeliest way from the first blank or a first unit to one of the last states.

    Args:
        log_probs: (T, S) of the states.
        states: What they are.

    Returns:
        (T,) the state of each frame.
    """
    nowhere = len(states.sources)
    widest = max(map(len, states.sources))
    sources = np.array([its + [nowhere] * (widest - len(its)) for its in states.sources])
    scores = np.full(nowhere + 1, -np.inf)
    scores[0] = 0.0  # before the first frame
    steps = np.empty(log_probs.shape, np.int64)
    every = np.arange(nowhere)
    for t in range(len(log_probs)):
        best = scores[sources].argmax(axis=1)
        steps[t] = sources[every, best]
        scores[:-1] = scores[steps[t]] + log_probs[t]
    path = np.empty(len(log_probs), np.int64)
    state = max(states.last, key=scores.__getitem__)
    for t in range(len(log_probs) - 1, -1, -1):
        path[t] = state
        state = steps[t, state]
    return path
