from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit

from speechrnn.datadir import Utterance
from speechrnn.decoding.ctc.hypothesis import Hypothesis, Word
from speechrnn.errors import DataError
from speechrnn.evaluation.sequences.confidence import (
    Outcomes,
    fit_confidence_map,
    reliability,
    word_outcomes,
)
from speechrnn.evaluation.sequences.plots import reliability_png
from speechrnn.evaluation.sequences.trial import Reading, SequenceTrial

DAY = date(2026, 1, 31)


def outcomes(confidences: np.ndarray, right: np.ndarray, num_speakers: int = 10) -> Outcomes:
    count = len(confidences)
    speakers = [f"s{i * num_speakers // count}" for i in range(count)]
    return Outcomes(np.asarray(confidences, float), np.asarray(right, bool), speakers, range(count))


def simulated(count: int, slope: float, offset: float, seed: int = 0) -> Outcomes:
    """Words whose chances are those of ConfidenceMap(slope, offset) exactly."""
    random = np.random.default_rng(seed)
    raw = expit(random.normal(1.5, 1.5, count))
    return outcomes(raw, random.random(count) < expit(slope * logit(raw) + offset))


def test_calibration_error_by_hand() -> None:
    found = reliability(outcomes([0.05, 0.92, 0.94, 0.98, 1.0, 0.55], [0, 1, 1, 0, 1, 0]))
    assert [rate.total for rate in found.rates] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 4]
    assert found.rates[9].hits == 3
    assert found.confidences[9] == pytest.approx(0.96)
    assert found.error == pytest.approx((0.05 + 0.55 + 4 * abs(0.96 - 0.75)) / 6)
    squares = [0.05, 0.08, 0.06, 0.98, 0.0, 0.55]
    assert found.brier == pytest.approx(np.mean(np.square(squares)))
    tree = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert [one["right"]["total"] for one in tree["bins"]] == [1, 1, 4]


def test_confidences_that_are_right_have_an_error_near_nought() -> None:
    found = reliability(simulated(20_000, 1.0, 0.0))
    assert found.error < 0.012
    assert found.interval is not None and found.interval.low < 0.005


def test_overconfidence_is_measured() -> None:
    """Everything is said with 90%, and right with 60%."""
    random = np.random.default_rng(0)
    found = reliability(outcomes(np.full(5000, 0.9), random.random(5000) < 0.6))
    assert found.error == pytest.approx(0.3, abs=0.02)
    assert found.interval is not None
    assert found.interval.low < 0.3 < found.interval.high < 0.35


def test_interval_mostly_holds_the_true_error_though_chance_adds_to_what_is_seen() -> None:
    """The plain percentile interval never does here, where confidences are right."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(60):
        raw = random.uniform(0, 1, 400)
        interval = reliability(outcomes(raw, random.random(400) < raw, 20)).interval
        assert interval is not None
        held += interval.low <= 0.005
    assert held >= 40


@pytest.mark.parametrize(("slope", "offset"), [(0.5, -1.0), (1.0, 0.0), (2.0, 1.0)])
def test_the_map_that_made_the_data_is_found(slope: float, offset: float) -> None:
    fitted = fit_confidence_map(simulated(20_000, slope, offset), DAY)
    assert fitted.slope == pytest.approx(slope, abs=0.08)
    assert fitted.offset == pytest.approx(offset, abs=0.1)


def test_calibration_mends_held_out_words() -> None:
    fitted = fit_confidence_map(simulated(2000, 0.5, -1.0), DAY)
    held_out = simulated(5000, 0.5, -1.0, seed=1)
    before, after = reliability(held_out), reliability(held_out.mapped(fitted))
    assert before.error > 0.2 > 0.03 > after.error
    assert after.brier < before.brier
    assert (fitted.facts["words"], fitted.facts["speakers"]) == (2000, 10)
    assert fitted.facts["date"] == "2026-01-31"


def test_weights_are_those_of_a_general_optimiser() -> None:
    data = simulated(60, 0.7, -0.5)
    inputs = logit(data.confidences)

    def badness(weights: np.ndarray) -> float:
        chances = expit(weights[0] * inputs + weights[1])
        likelihood = np.log(np.where(data.right, chances, 1 - chances)).sum()
        return float(((weights[0] - 1) ** 2 + weights[1] ** 2) / 8 - likelihood)

    best = minimize(badness, [1, 0], method="BFGS", options={"gtol": 1e-9}).x
    fitted = fit_confidence_map(data, DAY)
    assert (fitted.slope, fitted.offset) == pytest.approx(tuple(best), abs=1e-5)


def test_confidence_that_leads_astray_is_ignored() -> None:
    data = simulated(2000, 1.0, 0.0)
    fitted = fit_confidence_map(outcomes(data.confidences, ~data.right), DAY)
    assert fitted.slope == 0
    assert fitted.apply(0.1) == pytest.approx((~data.right).mean(), abs=0.01)


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("raw", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("count", [1, 3, 1000])
def test_words_all_right_or_all_wrong_give_a_map_that_is_not_sure(
    count: int, raw: float, right: bool
) -> None:
    fitted = fit_confidence_map(outcomes(np.full(count, raw), np.full(count, right)), DAY)
    assert 1e-8 < fitted.apply(0.5) < 1 - 1e-8
    if count == 1000:
        assert fitted.apply(raw) > 0.9 if right else fitted.apply(raw) < 0.1


def test_perfectly_separated_words_give_a_finite_map() -> None:
    raw = np.linspace(0.01, 0.99, 400)
    fitted = fit_confidence_map(outcomes(raw, raw > 0.5), DAY)
    assert 1 < fitted.slope < 100
    assert fitted.apply(0.9) > 0.99 and fitted.apply(0.1) < 0.01


def test_words_are_right_by_the_alignment() -> None:
    def reading(speaker: str, said: str, *heard: tuple[str, float]) -> Reading:
        words = tuple(Word(text, 0, 1, confidence) for text, confidence in heard)
        utterance = Utterance(speaker, Path("a.wav"), speaker, said, speaker)
        return Reading(utterance, Hypothesis(words, 0.0))

    trial = SequenceTrial([
        reading("ann", "one two three", ("one", 0.9), ("_unknown_", 0.1), ("four", 0.4),
                ("three", 0.8)),
        reading("bob", "five"),
        reading("cid", "", ("six", 0.3)),
        reading("dan", "one two", ("two", 0.7)),
    ])  # fmt: skip
    found = word_outcomes(trial)
    assert found.confidences.tolist() == [0.9, 0.4, 0.8, 0.3, 0.7]
    assert found.right.tolist() == [True, False, True, False, True]
    assert found.speakers == ["ann", "ann", "ann", "cid", "dan"]
    assert list(found.utterances) == [0, 0, 0, 2, 3]


def test_no_word_heard_is_a_fault() -> None:
    empty = outcomes(np.zeros(0), np.zeros(0))
    with pytest.raises(DataError, match="no word was heard"):
        reliability(empty)
    with pytest.raises(DataError, match="no word was heard"):
        fit_confidence_map(empty, DAY)


def test_words_of_one_utterance_have_no_interval() -> None:
    only = Outcomes(np.array([0.5, 0.6]), np.array([True, False]), ["a", "a"], [0, 0])
    assert reliability(only).interval is None
    assert reliability(only).as_dict()["low"] is None


@pytest.mark.parametrize("count", [1, 300])
def test_diagrams_can_be_drawn(count: int) -> None:
    raw = reliability(simulated(count, 0.5, 0.0))
    assert reliability_png(raw, None).startswith(b"\x89PNG")
    assert reliability_png(raw, raw).startswith(b"\x89PNG")
