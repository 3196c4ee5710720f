"""Options that say how sequences are read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

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


def test_a_grammar_of_words_unknown_to_the_model(sequences: ModelInfo, tmp_path: Path) -> None:
    path = grammar(tmp_path, "intent tones: hihg\n")
    with pytest.raises(DataError, match=r"grammar\.txt:1:15: .*'hihg'.*'high'"):
        make_decoder(sequences, path, None, None)
