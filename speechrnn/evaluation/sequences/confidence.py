"""Whether words of a confidence of 90% are right nine times in ten, and how to make them so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Any

import numpy as np

from speechrnn.decoding.confidence import ConfidenceMap, raw_log_odds
from speechrnn.errors import DataError
from speechrnn.evaluation.bootstrap import Bootstrap
from speechrnn.evaluation.metrics import Interval, Rate
from speechrnn.evaluation.sequences.trial import SequenceTrial

BINS = 10

_PRIOR_VARIANCE = 4.0  # of slope and offset around 1 and 0, those of the map that changes nothing
_MOST_STEPS = 100


@dataclass(frozen=True)
class Outcomes:
    """Words that were heard, and whether they had been said.

    Attributes:
        confidences: (N,).
        right: (N,) bool, by the alignment that word errors are counted with.
        speakers: (N,) who spoke.
        utterances: (N,) in which utterance, as a number.
    """

    confidences: np.ndarray
    right: np.ndarray
    speakers: Sequence[str]
    utterances: Sequence[int]

    def mapped(self, confidence_map: ConfidenceMap) -> Outcomes:
        """The same words with calibrated confidences."""
        confidences = np.array([confidence_map.apply(raw) for raw in self.confidences])
        return replace(self, confidences=confidences)


@dataclass(frozen=True)
class Reliability:
    """How confidences agree with what came true.

    Attributes:
        rates: (B,) of each bin, how many words were right; bins are of equal width, from 0 to 1.
        confidences: (B,) their mean confidence, NaN in an empty bin.
        error: Expected calibration error: the distance of the two, averaged over all words (Guo
            et al. 2017, "On Calibration of Modern Neural Networks", arXiv 1706.04599). Chance alone
            makes it larger than 0, the more so the fewer words there are.
        interval: At 95%, speakers drawn anew; none where all words come from one utterance.
        brier: Mean squared distance of confidence and outcome, 0 or 1: what is lost in sharpness as
            well.
    """

    rates: tuple[Rate, ...]
    confidences: np.ndarray
    error: float
    interval: Interval | None
    brier: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        low, high = self.interval or (None, None)
        return {
            "expected_calibration_error": round(self.error, 6),
            "low": None if low is None else round(low, 6),
            "high": None if high is None else round(high, 6),
            "brier": round(self.brier, 6),
            "bins": [
                {"confidence": round(confidence, 6), "right": rate.as_dict()}
                for rate, confidence in zip(self.rates, self.confidences.tolist(), strict=True)
                if rate.total
            ],
        }


def word_outcomes(trial: SequenceTrial) -> Outcomes:
    """Every word that was heard in a trial."""
    words = chain.from_iterable(reading.heard for reading in trial.readings)
    heard = [
        (pair, i)
        for i, alignment in enumerate(trial.alignments)
        for pair in alignment
        if pair.heard is not None
    ]
    return Outcomes(
        np.array([word.confidence for word in words]),
        np.array([pair.truth == pair.heard for pair, _ in heard], dtype=bool),
        [trial.speakers[i] for _, i in heard],
        [i for _, i in heard],
    )


def reliability(outcomes: Outcomes) -> Reliability:
    """Compare confidences with outcomes.

    Raises:
        DataError: No word was heard.
    """
    confidences, right = outcomes.confidences, outcomes.right.astype(float)
    if not len(right):
        raise DataError("confidence: no word was heard, so that none has a confidence")
    places = np.minimum((confidences * BINS).astype(int), BINS - 1)
    own = np.eye(BINS)[places]
    bootstrap = Bootstrap(outcomes.speakers, outcomes.utterances)
    counts, said, true = own.sum(axis=0), confidences @ own, right @ own
    with np.errstate(invalid="ignore"):
        means = said / counts
    error = float(np.abs(said - true).sum()) / len(right)
    return Reliability(
        tuple(Rate(round(hits), round(total)) for hits, total in zip(true, counts, strict=True)),
        means,
        error,
        _error_interval(own, confidences - right, error, bootstrap),
        float(((confidences - right) ** 2).mean()),
    )


def _error_interval(
    own: np.ndarray, excess: np.ndarray, error: float, bootstrap: Bootstrap
) -> Interval | None:
    """The interval of the expected calibration error.

    A draw has a larger error than the words it is drawn from, as these have a larger one than all
    the words there might be: hence the basic bootstrap, which takes as much away again. Where the
    true error is 0, that is still too little one time in four.

    Args:
        own: (N, B) 1 in the bin of each word.
        excess: (N,) confidence less outcome.
        error: Over all words.
        bootstrap: Over the words.
    """
    if bootstrap.count < 2:
        return None
    drawn = bootstrap.draw(np.column_stack([own * excess[:, None], np.ones(len(excess))]))
    low, high = bootstrap.interval(np.abs(drawn[:, :-1]).sum(axis=1) / drawn[:, -1])
    return Interval(max(0.0, 2 * error - high), min(1.0, max(0.0, 2 * error - low)))


def fit_confidence_map(outcomes: Outcomes, on: date) -> ConfidenceMap:
    """Find what makes confidences probabilities, on data that is neither trained nor tested on.

    After Platt 1999, "Probabilistic Outputs for Support Vector Machines": logistic regression, here
    on the log-odds of the raw confidence. The prior prefers confidences as they are, so that few
    words, or words all right, give a map as well, and one that is not sure.

    Args:
        outcomes: Raw confidences.
        on: Day, for the facts.

    Raises:
        DataError: No word was heard.
    """
    right = outcomes.right.astype(float)
    if not len(right):
        raise DataError("confidence: no word was heard; calibrate on data with words in it")
    inputs = np.array([raw_log_odds(raw) for raw in outcomes.confidences])
    with_ones = np.column_stack([inputs, np.ones_like(inputs)])
    slope, offset = _most_likely(with_ones, right, np.array([1.0, 0.0]))
    if slope < 0:
        # The confidences lead astray. The likelihood is concave: the best allowed slope is 0.
        slope, (offset,) = 0.0, _most_likely(with_ones[:, 1:], right, np.zeros(1))
    facts = {
        "date": on.isoformat(),
        "words": len(right),
        "right": int(right.sum()),
        "speakers": len(set(outcomes.speakers)),
    }
    return ConfidenceMap(float(slope), float(offset), facts)


def _most_likely(inputs: np.ndarray, right: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Weights of a logistic regression, by Newton's method.

    Args:
        inputs: (N, K).
        right: (N,) 0 or 1.
        prior: (K,) expected weights.

    Returns:
        (K,) weights.
    """
    weights = prior.copy()

    def badness(weights: np.ndarray) -> float:
        log_odds = inputs @ weights
        distance = weights - prior
        lost = np.logaddexp(0, log_odds) - right * log_odds
        return float(lost.sum() + distance @ distance / (2 * _PRIOR_VARIANCE))

    for _ in range(_MOST_STEPS):
        probs = 0.5 * (1 + np.tanh(0.5 * (inputs @ weights)))
        gradient = inputs.T @ (probs - right) + (weights - prior) / _PRIOR_VARIANCE
        curvature = (inputs.T * (probs * (1 - probs))) @ inputs
        step = np.linalg.solve(curvature + np.eye(len(weights)) / _PRIOR_VARIANCE, gradient)
        before = badness(weights)
        while badness(weights - step) > before and np.abs(step).max() > 1e-12:
            step /= 2
        if np.abs(step).max() < 1e-9:
            break
        weights = weights - step
    return weights
