from pathlib import Path

import numpy as np
import pytest

from speechrnn.corpora.tts.plan import check_engines, deal_voices, draw_prompts
from speechrnn.corpora.tts.prompt import Voice
from speechrnn.errors import DataError

INSTALLED = {
    "accents": ["en", "en-us", "en-029", "en-gb-scotland", "en-gb-x-rp", "en-us-nyc"],
    "foreign_accents": ["de", "fr"],
    "variants": [f"v{i}" for i in range(20)],
    "flite": ["kal", "slt"],
    "festival": ["ked_diphone"],
}


def deal(hold_out=None, engines=("espeak", "flite", "festival"), voices=300, seed=0):
    return deal_voices(INSTALLED, engines, hold_out, voices, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(5))
def test_no_voice_or_variant_is_heard_in_two_splits(seed):
    dealt = deal(seed=seed)
    heard = {
        split: {v.name.split("+")[1] for v in voices if v.engine == "espeak"}
        for split, voices in dealt.items()
    }
    assert all(heard.values())
    assert not heard["train"] & heard["valid"]
    assert not heard["train"] & heard["test"]
    assert not heard["valid"] & heard["test"]


def test_every_english_accent_is_trained_on():
    """A dialect that says a word otherwise was once tested without ever being trained on."""
    names = {voice.name.split("+")[0] for voice in deal()["train"]}
    assert set(INSTALLED["accents"]) <= names


@pytest.mark.parametrize("engine", ["espeak", "flite", "festival"])
def test_a_held_out_engine_is_heard_in_its_own_test_only(engine):
    dealt = deal(hold_out=engine)
    for split, voices in dealt.items():
        assert (engine in {v.engine for v in voices}) == (split == f"test_{engine}")
    assert dealt["train"]


def test_foreign_accents_are_trained_on_and_not_tested_on():
    dealt = deal()
    names = {split: {v.name.split("+")[0] for v in voices} for split, voices in dealt.items()}
    assert {"de", "fr"} <= names["train"]
    assert not {"de", "fr"} & (names["valid"] | names["test"])


def test_voices_limits_what_is_trained_on():
    assert len(deal(engines=["espeak"], voices=7)["train"]) == 7


def test_every_voice_says_every_word_and_ids_sort_as_kaldi_wants():
    voices = [Voice("espeak", "en+Mr serious"), Voice("espeak", "en-us+f1"), Voice("flite", "kal")]
    drawn = draw_prompts(
        "train",
        voices,
        ["yes", "lights on"],
        {"house": 1.0},
        0.4,
        Path("audio"),
        np.random.default_rng(0),
    )
    said = {(d.prompt.voice, d.text) for d in drawn}
    assert {(v.name, w) for v in voices for w in ("yes", "lights on")} <= said
    ids = sorted(d.utterance for d in drawn)
    assert len(set(ids)) == len(ids)
    speaker = {d.utterance: d.speaker for d in drawn}
    speakers = [speaker[utterance] for utterance in ids]
    assert speakers == sorted(speakers)
    assert all(
        " " not in utterance and utterance.startswith(speaker[utterance]) for utterance in ids
    )
    assert {d.prompt.text for d in drawn if d.text == "_unknown_"} == {"house"}
    assert all(110 <= d.prompt.rate_wpm <= 260 and 20 <= d.prompt.pitch <= 80 for d in drawn)


def test_near_misses_are_said_more_often():
    others = {"near": 0.25, "far": 1.0}
    voices = [Voice("espeak", f"en+v{i}") for i in range(300)]
    generator = np.random.default_rng(0)
    drawn = draw_prompts("train", voices, ["yes"], others, 0.4, Path("audio"), generator)
    texts = [d.prompt.text for d in drawn]
    # By the distances four times as often.
    assert texts.count("near") > 2.5 * texts.count("far") > 0


@pytest.mark.parametrize("share", [0.0, 0.5, 2.0])
def test_the_share_of_other_words_is_of_all_keywords_and_training_alone(share):
    voices = [Voice("espeak", f"en+v{i}") for i in range(40)]

    def others(split):
        random = np.random.default_rng(0)
        drawn = draw_prompts(
            split, voices, ["yes", "no"], {"house": 1.0}, share, Path("audio"), random
        )
        return sum(d.text == "_unknown_" for d in drawn)

    assert others("train") == share * 80
    assert others("test") == 160


@pytest.mark.parametrize(
    ("engines", "hold_out", "message"),
    [
        (["espeak", "mary"], None, "no engine 'mary'"),
        (["espeak", "flite"], None, "flite is not installed"),
        (["espeak"], "festival", "festival is not among"),
        (["espeak"], "espeak", "nothing is left to train on"),
    ],
)
def test_engines_that_cannot_be_used_are_refused(engines, hold_out, message):
    with pytest.raises(DataError, match=message):
        check_engines(engines, hold_out, {**INSTALLED, "flite": []})
