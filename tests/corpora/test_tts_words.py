import numpy as np
import pytest

from speechrnn.corpora.tts.common_words import COMMON_WORDS
from speechrnn.corpora.tts.negatives import candidates, homophones, plain, rank_others
from speechrnn.corpora.tts.noises import KINDS, make_noise
from speechrnn.corpora.tts.words import check_words
from speechrnn.edits import edit_distance
from speechrnn.errors import DataError


def test_words_keep_their_order_and_lose_spare_white_space():
    assert check_words(["stop", "  lights   on ", "", "Go"]) == ["stop", "lights on", "Go"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no words"),
        (["", "  "], "no words"),
        (["yes", "no", "Yes "], "'Yes' repeats 'yes'"),
        (["lights on", "lights  ON"], "'lights ON' repeats 'lights on'"),
        (["🙂"], "'🙂' has no letter or digit"),
        (["yes", "..."], "'...' has no letter or digit"),
        (["привет"], "cannot read 'п'"),
        (["_unknown_"], "class of its own"),
    ],
)
def test_a_bad_list_is_one_clear_line(words, message):
    with pytest.raises(DataError, match="--words") as caught:
        check_words(words)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_plain_phonemes_join_what_listeners_hear_as_one():
    assert plain(["f", "'o@"]) == plain(["f", "O@"])  # four, for
    assert plain(["t", "'u:"]) == plain(["t", "u:"])  # two, to
    assert plain(["'O2", "n"]) != plain(["'V", "p"])


def test_distance_against_counting_by_hand():
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("", "abc") == 3
    assert edit_distance("abc", "abc") == 0


def test_homophones_are_found_in_any_accent():
    spoken = {
        "caught": [["k", "'A:", "t"], ["k", "'O:", "t"]],
        "cot": [["k", "'A:", "t"], ["k", "'0", "t"]],
        "cat": [["k", "'a", "t"], ["k", "'a", "t"]],
    }
    assert homophones(["caught", "cat", "cot"], spoken) == [["caught", "cot"]]


def test_other_words_leave_homophones_out_and_rank_near_misses_first():
    spoken = {word: [["x", "x", "x", "x"]] for word in candidates(["four"])}
    spoken |= {"four": [["f", "'o@"]], "for": [["f", "O@"]], "fork": [["f", "'o@", "k"]]}
    others = rank_others(["four"], spoken)
    assert "for" not in others
    assert "four" not in others
    assert next(iter(others)) == "fork"


def test_parts_of_phrases_and_phrases_gone_wrong_are_other_words():
    words = candidates(["lights on", "help"])
    assert {"lights", "on", "lights up"} <= set(words)
    assert not {"lights on", "help"} & set(words)


def test_common_words_are_words():
    assert len(set(COMMON_WORDS)) == len(COMMON_WORDS) > 600
    assert all(word.isascii() and word.isalpha() and word.islower() for word in COMMON_WORDS)


@pytest.mark.parametrize("kind", KINDS)
def test_noises_are_finite_repeatable_and_no_louder_than_said(kind):
    wave = make_noise(kind, 8000, 16000, np.random.default_rng(1))
    again = make_noise(kind, 8000, 16000, np.random.default_rng(1))
    np.testing.assert_array_equal(wave, again)
    assert wave.shape == (8000,)
    assert wave.dtype == np.float32
    assert np.sqrt(np.mean(wave.astype(np.float64) ** 2)) <= 10 ** (-20 / 20) + 1e-6
    assert (np.abs(wave).max() == 0) == (kind == "digital")
