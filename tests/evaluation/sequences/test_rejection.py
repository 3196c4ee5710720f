from __future__ import annotations

import json
from math import inf

import numpy as np
import pytest

from speechrnn.decoding.grammar.transducer import Meaning
from speechrnn.errors import DataError
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.sequences.intents import Understanding
from speechrnn.evaluation.sequences.rejection import RejectionCurve

MEANT = Meaning("dial", {})


def curve_of(inside: list[float], outside: list[float]) -> RejectionCurve:
    return RejectionCurve([
        *(Understanding("ann", MEANT, None, margin) for margin in inside),
        *(Understanding("bob", None, None, margin) for margin in outside),
    ])  # fmt: skip


def simulated() -> tuple[list[float], list[float]]:
    """Margins with ties, and utterances for which there was no sentence at all."""
    random = np.random.default_rng(0)
    inside = random.normal(4, 2, 150).round(1).tolist()
    outside = [*random.normal(0, 2, 90).round(1).tolist(), *[-inf] * 10]
    return inside, outside


def test_every_point_agrees_with_counting() -> None:
    inside, outside = simulated()
    curve = curve_of(inside, outside)
    finite = {margin for margin in inside + outside if margin > -inf}
    assert curve.thresholds.tolist() == sorted(finite)
    for threshold, lost, accepted in zip(curve.thresholds, curve.lost, curve.accepted, strict=True):
        num_lost = sum(margin < threshold for margin in inside)
        num_accepted = sum(margin >= threshold for margin in outside)
        assert lost == pytest.approx(num_lost / 150)
        assert accepted == pytest.approx(num_accepted / 100)
        point = curve.at_threshold(threshold)
        assert (point.lost, point.accepted) == (Rate(num_lost, 150), Rate(num_accepted, 100))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1])
def test_the_point_accepts_least_among_those_that_lose_no_more(share: float) -> None:
    inside, outside = simulated()
    point = curve_of(inside, outside).at_lost(share)
    assert point is not None and point.lost.share <= share
    fewest = min(
        sum(margin >= threshold for margin in outside)
        for threshold in inside
        if sum(margin < threshold for margin in inside) <= share * 150
    )
    assert point.accepted == Rate(fewest, 100)


def test_one_in_a_hundred_may_be_lost() -> None:
    inside = [float(i) for i in range(100)]
    point = curve_of(inside, [0.5, 1.0, 1.5, -3.0]).at_lost()
    assert point is not None
    assert (point.threshold, point.lost.hits, point.accepted.hits) == (1.0, 1, 2)


def test_sentences_that_were_not_found_at_all_are_lost_at_any_threshold() -> None:
    curve = curve_of([1.0] * 9 + [-inf], [0.0, -inf])
    assert curve.at_lost() is None
    assert curve.as_dict()["at_1_percent_lost"] is None
    point = curve.at_lost(0.1)
    assert point is not None and (point.lost.hits, point.accepted.hits) == (1, 0)


def test_figures_are_plain() -> None:
    tree = json.loads(json.dumps(curve_of(*simulated()).as_dict(), allow_nan=False))
    assert len(tree["thresholds"]) == len(tree["lost"]) == len(tree["accepted"])
    assert tree["at_1_percent_lost"]["lost"]["share"] <= 0.01


def test_both_kinds_of_speech_are_needed() -> None:
    with pytest.raises(DataError, match="1 sentences of the grammar and 0 stretches"):
        curve_of([1.0], [])
    with pytest.raises(DataError, match="0 sentences of the grammar and 1 stretches"):
        curve_of([], [1.0])
