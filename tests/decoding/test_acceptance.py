"""When sentences of a grammar count, and what tells grammars apart."""

from __future__ import annotations

import json
import math

import pytest

from speechrnn.decoding.acceptance import Acceptance
from speechrnn.decoding.grammar.digest import grammar_digest
from speechrnn.decoding.grammar.parser import parse_grammar

TEXT = "intent pin: {digit}{4}\ndigit: 0 = (zero | oh) | 1 = one\n"


def digest(text: str, name: str = "grammar") -> str:
    return grammar_digest(parse_grammar(text, name))


def test_it_is_read_back() -> None:
    acceptance = Acceptance(-0.25, {"name": "pin.txt", "lost": {"hits": 1}})
    assert Acceptance.from_metadata(json.loads(json.dumps(acceptance.as_metadata()))) == acceptance


@pytest.mark.parametrize("threshold", [math.nan, -math.inf])
def test_a_threshold_is_finite(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold is"):
        Acceptance(threshold, {})


def test_layout_comments_and_name_do_not_count() -> None:
    other = (
        "# A PIN.\n\nintent  pin:\n  {digit}{4}\ndigit:\n  0 = (zero | oh)   # nought\n  1 = one"
    )
    assert digest(TEXT) == digest(other, "other.txt")


@pytest.mark.parametrize(
    ("old", "new"),
    [("{4}", "{3,4}"), ("one", "two"), ("0 =", "9 ="), ("pin", "number"), ("{digit}", "<digit>")],
)
def test_all_else_does(old: str, new: str) -> None:
    assert digest(TEXT) != digest(TEXT.replace(old, new))
