from __future__ import annotations

import math
from pathlib import Path

import pytest

from speechrnn.decoding.ctc.ngram import read_arpa
from speechrnn.errors import DataError

TRIGRAMS = r"""
made by hand

\data\
ngram 1=5
ngram 2=4
ngram  3 = 2

\1-grams:
-99 <s> -0.5
-1.0 </s>
-0.7 turn -0.3
-0.9	light	-0.2
-2.0 <unk>

\2-grams:
-0.2 <s> turn -0.1
-0.6 turn light -0.4
-0.4 light </s>
-1.1 turn turn

\3-grams:
-0.05 <s> turn light
-0.15 turn light </s>

\end\
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "lm.arpa"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("sentence", "log10"),
    [
        # By hand: (1) in the file, (2) back-off of the context + shorter, (3) of two contexts.
        ("turn light", -0.2 - 0.05 - 0.15),
        ("turn", -0.2 + (-0.1 + (-0.3 - 1.0))),
        ("light", (-0.5 - 0.9) - 0.4),
        ("light turn", (-0.5 - 0.9) + (-0.2 - 0.7) + (-0.3 - 1.0)),
        ("turn turn light", -0.2 + (-0.1 - 1.1) + (0 - 0.6) - 0.15),
        ("turn light light", -0.2 - 0.05 + (-0.4 + (-0.2 - 0.9)) - 0.4),
        ("turn lamp", -0.2 + (-0.1 - 0.3 - 2.0) - 1.0),
        ("<s>", (-0.5 - 2.0) - 1.0),
        ("", -0.5 - 1.0),
    ],
)
def test_backs_off_as_by_hand(tmp_path: Path, sentence: str, log10: float) -> None:
    model = read_arpa(write(tmp_path, TRIGRAMS))
    assert model.order == 3
    assert model.words == {"turn", "light"}
    assert model.log_prob(sentence.split()) == pytest.approx(log10 * math.log(10))


def test_a_state_keeps_no_more_than_matters(tmp_path: Path) -> None:
    model = read_arpa(write(tmp_path, TRIGRAMS))
    state = model.start()
    for word in ["light", "turn", "light"]:
        _, state = model.step(state, word)
    assert state == ("turn", "light")
    assert model.step(state, "lamp")[1] == ("<unk>",)


UNIGRAMS = "\\data\\\nngram 1=2\n\\1-grams:\n-0.3 go\n-0.3 no\n\\end\\\n"


def test_unigrams_without_sentence_ends_or_unknown_words(tmp_path: Path) -> None:
    model = read_arpa(write(tmp_path, UNIGRAMS))
    assert model.order == 1
    assert model.log_prob(["go", "no"]) == pytest.approx(-0.6 * math.log(10))
    assert model.log_prob(["stop"]) == pytest.approx(-100 * math.log(10))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\\data\\", "data", "lm.arpa: ends without \\data\\"),
        ("\\end\\", "", "lm.arpa: ends without \\end\\"),
        ("\\end\\", "\\3-grams:", "lm.arpa:26: got '\\3-grams:', expected '\\end\\'"),
        (
            "ngram 2=4",
            "ngram 2=5",
            "lm.arpa:22: got '\\3-grams:', expected 5 2-grams before this line",
        ),
        ("ngram 2=4", "ngram 3=4", "lm.arpa:6: got 'ngram 3=4', expected 'ngram 2=COUNT'"),
        (
            "ngram  3 = 2",
            "",
            "lm.arpa:17: got '-0.2 <s> turn -0.1', expected a log10 probability, 2 words",
        ),
        ("ngram 1=5\nngram 2=4\nngram  3 = 2\n", "", "expected 'ngram 1=COUNT'"),
        ("\\2-grams:", "\\two-grams:", "lm.arpa:16: got '\\two-grams:', expected '\\2-grams:'"),
        ("-1.1 turn turn", "-1.1 turn", "lm.arpa:20: got '-1.1 turn', expected a log10 prob"),
        ("-1.1 turn turn", "-1.1 turn turn x", "a log10 probability, 2 words and perhaps a back"),
        ("-1.1 turn turn", "-1.1 turn turn -1 -1", "a log10 probability, 2 words and perhaps"),
        ("-1.1 turn turn", "x turn turn", "lm.arpa:20: got 'x turn turn'"),
        ("-1.1 turn turn", "-inf turn turn", "lm.arpa:20: got '-inf turn turn'"),
        ("-1.1 turn turn", "1.1 turn turn", "expected a log10 probability of at most 0"),
        ("-1.1 turn turn", "-1.1 turn lamp", "words that have a 1-gram, as 'lamp' has not"),
        ("-1.1 turn turn", "-1.1 turn light", "lm.arpa:20: got '-1.1 turn light', expected each"),
        ("<s> turn light", "<s> turn light -1", "a log10 probability, 3 words"),
    ],
)
def test_faults_name_file_and_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert TRIGRAMS.count(old) == 1
    with pytest.raises(DataError) as fault:
        read_arpa(write(tmp_path, TRIGRAMS.replace(old, new)))
    assert message in str(fault.value) and "\n" not in str(fault.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lm.arpa: cannot be read \(No such file"):
        read_arpa(tmp_path / "lm.arpa")
