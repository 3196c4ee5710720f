from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.decoding.confidence import ConfidenceMap
from speechrnn.decoding.ctc.hypothesis import Hypothesis, Word
from speechrnn.decoding.grammar.result import Parse

shares = st.floats(0, 1)


def test_slope_one_and_offset_nought_change_nothing() -> None:
    same = ConfidenceMap(1.0, 0.0, {})
    for raw in (0.001, 0.25, 0.5, 0.99):
        assert same.apply(raw) == pytest.approx(raw, abs=1e-12)


def test_a_value_by_hand() -> None:
    # Odds of 0.8 are 4; 4 ** 0.5 * e ** log(3) = 6, and odds of 6 are 6 / 7.
    assert ConfidenceMap(0.5, math.log(3), {}).apply(0.8) == pytest.approx(6 / 7)


@given(shares, shares, st.floats(0, 1e6), st.floats(-1e6, 1e6))
def test_more_confident_stays_so_and_all_are_probabilities(
    one: float, other: float, slope: float, offset: float
) -> None:
    found = ConfidenceMap(slope, offset, {})
    low, high = found.apply(min(one, other)), found.apply(max(one, other))
    assert 0 <= low <= high <= 1


def test_it_survives_a_file() -> None:
    found = ConfidenceMap(0.6, -0.7, {"date": "2026-01-01", "words": 500})
    assert ConfidenceMap.from_metadata(json.loads(json.dumps(found.as_metadata()))) == found


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"kind": "isotonic"}, ValueError),
        ({"slope": -1}, ValueError),
        ({"slope": math.nan}, ValueError),
        ({"offset": math.inf}, ValueError),
        ({"offset": None}, TypeError),
        ({"facts": 3}, TypeError),
    ],
)
def test_nonsense_is_an_error(change: dict[str, object], error: type[Exception]) -> None:
    tree = {**ConfidenceMap(1.0, 0.0, {}).as_metadata(), **change}
    with pytest.raises(error):
        ConfidenceMap.from_metadata(tree)
    del tree[next(iter(change))]
    with pytest.raises(KeyError):
        ConfidenceMap.from_metadata(tree)


def test_a_hypothesis_keeps_all_but_its_confidences() -> None:
    words = (Word("yes", 3, 5, 0.8), Word("no", 6, 9, 0.2))
    parse = Parse(words, -2.0, "answer", {"what": "yes"}, 4.0)
    found = ConfidenceMap(0.5, math.log(3), {}).calibrated(parse)
    assert isinstance(found, Parse) and isinstance(parse, Hypothesis)
    assert [word.confidence for word in found.words] == pytest.approx([6 / 7, 1.5 / 2.5])
    assert (found.text, found.words[1].end_frame, found.slots) == ("yes no", 9, {"what": "yes"})
