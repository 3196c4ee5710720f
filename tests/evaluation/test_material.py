from __future__ import annotations

from pathlib import Path

import pytest

from speechrnn.datadir import Utterance, read_datadir, write_datadir
from speechrnn.errors import DataError
from speechrnn.evaluation.material import read_negatives, read_words


def test_words_are_parted_from_others(tone_words: Path) -> None:
    said, others = read_words(tone_words, ("high", "low"))
    assert [utterance.text for utterance in said] == ["high"] * 8 + ["low"] * 4
    assert [utterance.text for utterance in others] == ["hush"] * 3
    assert read_words(tone_words, ("hush", "loud", "low")).others[0].text == "high"


def test_a_directory_without_the_words(tone_words: Path) -> None:
    with pytest.raises(DataError, match=r"data: none of the model's words is said there \(go\)"):
        read_words(tone_words, ("go",))


def test_a_folder_gives_all_recordings_below_it(no_words: Path) -> None:
    utterances, left_out = read_negatives(no_words, ("high", "low"))
    names = [str(utterance.wav.relative_to(no_words)) for utterance in utterances]
    assert (names, left_out) == (["a.wav", "c.ogg", "deeper/b.flac"], 0)


def test_sentences_with_a_word_of_the_model_are_left_out(no_words: Path, tmp_path: Path) -> None:
    texts = ["go", "now go on", "gone", "let it go", "turn it off", "off it goes", "it off", ""]
    wav = no_words / "a.wav"
    write_datadir(
        tmp_path / "data",
        [Utterance(f"ann-{i}", wav, "ann", text, f"ann-{i}") for i, text in enumerate(texts)],
    )
    utterances, left_out = read_negatives(tmp_path / "data", ("go", "off it"))
    assert [utterance.text for utterance in utterances] == ["gone", "turn it off", "it off", ""]
    assert left_out == 4
    with pytest.raises(DataError, match="in every utterance"):
        write_datadir(tmp_path / "all", read_datadir(tmp_path / "data")[:2])
        read_negatives(tmp_path / "all", ("go",))


def test_a_folder_without_recordings(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(DataError, match="no recordings in this folder"):
        read_negatives(tmp_path, ("go",))
    with pytest.raises(DataError, match="no such folder"):
        read_negatives(tmp_path / "gone", ("go",))
    with pytest.raises(DataError, match="no such folder"):
        read_negatives(tmp_path / "notes.txt", ("go",))
