import numpy as np
import pytest

from speechrnn.corpora.tts.phrases import draw_phrases, says

STOP, NO = ("s", "t", "O", "p"), ("n", "oU")
SPOKEN = {
    "stop": [["s", "t", "'0", "p"]],
    "this": [["D", "'I", "s"]],
    "top": [["t", "'0", "p"]],
    "step": [["s", "t", "'E", "p"]],
    "green": [["g", "r", "'i:", "n"]],
    "house": [["h", "'aU", "s"]],
    "big tree": [["b", "I", "g"]],
}


@pytest.mark.parametrize(
    ("heard", "key", "is_said"),
    [
        ([("D", "I", "s"), ("t", "O", "p")], STOP, True),  # this top
        ([("s", "t", "E", "p"), ("a", "t")], STOP, True),  # step at
        ([("k", "a", "n"), ("oU", "p", "@", "n")], NO, True),  # can open
        ([("n", "oU", "t"), ("b", "I", "g")], NO, False),  # note big: within one word
        ([("v", "j", "u"), ("g", "l", "a", "s")], STOP, False),
    ],
)
def test_a_keyword_is_heard_nearly_and_across_words(heard, key, is_said):
    assert says(heard, key) == is_said


def test_phrases_are_of_two_or_three_words_and_say_no_keyword():
    words = [word for word in SPOKEN if word != "stop"]
    phrases = draw_phrases(words, ["stop"], SPOKEN, np.random.default_rng(0))
    assert phrases == draw_phrases(words, ["stop"], SPOKEN, np.random.default_rng(0))
    assert len(phrases) == 10
    assert {len(phrase.split()) for phrase in phrases} == {2, 3}
    assert not any("step" in phrase or "this top" in phrase for phrase in phrases)
    assert not any("big" in phrase for phrase in phrases)
    assert all(0.3 <= change <= 1 for change in phrases.values())


def test_no_words_make_no_phrases():
    assert draw_phrases([], ["stop"], SPOKEN, np.random.default_rng(0)) == {}
    assert draw_phrases(["step"], ["stop"], SPOKEN, np.random.default_rng(0)) == {}
