"""Texts as sequences of units."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from speechrnn.datadir import Utterance
from speechrnn.errors import DataError
from speechrnn.training.transcripts import Speller, Transcripts
from speechrnn.vocabulary import BLANK

LEXICON = {"go": [("g", "oU")], "no": [("n", "oU"), ("n", "o")]}


def utterances(*texts: str) -> list[Utterance]:
    return [Utterance(f"a-{i}", Path("a.wav"), "a", text, f"a-{i}") for i, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("units", "symbols", "spelt"),
    [
        ("words", (BLANK, "go", "no"), ["no", "go"]),
        ("characters", (BLANK, " ", "g", "n", "o"), ["n", "o", " ", "g", "o"]),
        ("phones", (BLANK, "g", "n", "oU"), ["n", "oU", "g", "oU"]),
    ],
)
def test_spells_in_units(units: str, symbols: tuple[str, ...], spelt: list[str]) -> None:
    speller = Speller(["go no", "_silence_", "_unknown_", ""], units, LEXICON)
    assert speller.symbols.symbols == symbols
    assert speller.units("no _unknown_ go") == spelt


def test_phones_need_a_lexicon_with_every_word() -> None:
    with pytest.raises(DataError, match="pass --lexicon"):
        Speller(["go"], "phones", None)
    with pytest.raises(DataError, match="lacks 'stop'"):
        Speller(["go stop"], "phones", LEXICON)


def test_the_lexicon_of_what_was_trained_on() -> None:
    speller = Speller(["go", "no _unknown_"], "phones", {**LEXICON, "up": [("V", "p")]})
    assert speller.lexicon(["no go"]) == {"go": [["g", "oU"]], "no": [["n", "oU"]]}
    assert Speller(["go"], "words", LEXICON).lexicon(["go"]) is None


def test_a_unit_that_training_lacks_is_an_error() -> None:
    with pytest.raises(DataError, match="no 'up'"):
        Transcripts(["up"], Speller(["go"], "words", None))


def test_strings_what_is_said_in_clips_that_follow_one_another() -> None:
    speller = Speller(["a b", "c"], "words", None)
    said = utterances("a b", "_silence_", "c")
    transcripts = Transcripts((u.text for u in said), speller)
    units, lens = transcripts.strung(said, torch.tensor([[0, 1], [2, 0], [1, 1]]))
    assert lens.tolist() == [2, 3, 0]
    assert units[0, :2].tolist() == [1, 2] and units[1].tolist() == [3, 1, 2]
