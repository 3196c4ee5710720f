"""Options that say how sequences are read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speechrnn.cli.decoders import make_decoder
from speechrnn.decoding.ctc.beam import BeamDecoder
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.errors import ConfigError, DataError
from speechrnn.runtime.model_file import ModelInfo, open_model


@pytest.fixture
def words(tone_model: Path) -> ModelInfo:
    """A model of single words."""
    return open_model(tone_model)[1]


@pytest.fixture
def sequences(words: ModelInfo) -> ModelInfo:
    """A model that reads sequences."""
    return replace(words, frame_head="ctc", symbols=("<blk>", "high", "low"))


def grammar(folder: Path, text: str) -> Path:
    path = folder / "grammar.txt"
    path.write_text(text)
    return path


def test_single_words_need_no_decoder(words: ModelInfo) -> None:
    assert make_decoder(words, None, None, None) is None


@pytest.mark.parametrize("option", ["grammar", "lm", "beam"])
def test_single_words_take_no_options(words: ModelInfo, option: str) -> None:
    options: dict[str, Any] = {"grammar": None, "lm": None, "beam": None, option: 3}
    with pytest.raises(ConfigError, match=f"^--{option}: .* hears single words"):
        make_decoder(words, **options)


def test_a_grammar_or_a_beam(sequences: ModelInfo, tmp_path: Path) -> None:
    path = grammar(tmp_path, "intent tones: high (low)\n")
    assert isinstance(make_decoder(sequences, path, None, None), GrammarDecoder)
    assert isinstance(make_decoder(sequences, None, None, None), BeamDecoder)
    with pytest.raises(ConfigError, match="--grammar and --beam exclude each other"):
        make_decoder(sequences, path, None, 4)


def test_how_much_a_language_model_counts(sequences: ModelInfo, tmp_path: Path) -> None:
    """To it "low" is as likely as not, and "high" hardly a word."""
    lm = tmp_path / "lm.arpa"
    lm.write_text("\\data\\\nngram 1=2\n\n\\1-grams:\n-4 high\n-0.3 low\n\n\\end\\\n")
    log_probs = np.log([[0.1, 0.7, 0.2], [0.8, 0.1, 0.1], [0.3, 0.1, 0.6]])

    def heard(**options: Any) -> str:
        decoder = make_decoder(sequences, None, lm, None, **options)
        assert isinstance(decoder, BeamDecoder)
        decoder.accept(log_probs)
        return decoder.finish()[0].text

    assert heard(lm_weight=0.0) == "high low"
    assert heard() == "low"
    assert heard(word_bonus=3.0) == "low low"
    assert heard(lm_weight=0.0, word_bonus=-5.0) == ""


@pytest.mark.parametrize("option", ["lm_weight", "word_bonus"])
def test_weights_want_a_language_model(sequences: ModelInfo, option: str) -> None:
    name = option.replace("_", "-")
    with pytest.raises(ConfigError, match=f"--{name} weighs a language model; give one with --lm"):
        make_decoder(sequences, None, None, 4, **{option: 0.0})


def test_a_grammar_of_words_unknown_to_the_model(sequences: ModelInfo, tmp_path: Path) -> None:
    path = grammar(tmp_path, "intent tones: hihg\n")
    with pytest.raises(DataError, match=r"grammar\.txt:1:15: .*'hihg'.*'high'"):
        make_decoder(sequences, path, None, None)
