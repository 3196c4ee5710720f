from __future__ import annotations

import math
from pathlib import Path

import pytest

from speechrnn.decoding.ctc.ngram import read_arpa
from speechrnn.evaluation.perplexity import TextScore, score_sentence, total_score

UNIGRAMS = "\\data\\\nngram 1=3\n\n\\1-grams:\n-0.5 </s>\n-1 go\n-2 no\n\n\\end\\\n"


def test_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "lm.arpa"
    path.write_text(UNIGRAMS)
    model = read_arpa(path)
    one, other = score_sentence(model, ["go", "no"]), score_sentence(model, ["go"])
    assert one.log_prob == pytest.approx(-3.5 * math.log(10))
    assert one.perplexity == pytest.approx(10 ** (3.5 / 3))  # two words and the end
    total = total_score([one, other])
    assert (total.words, total.sentences) == (3, 2)
    assert total.perplexity == pytest.approx(10 ** (5 / 5))


def test_what_no_number_can_hold_is_infinite() -> None:
    assert TextScore(-1e6, 1, 1).perplexity == math.inf
