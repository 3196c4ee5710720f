"""Strings of recordings: what they say, where the recordings lie, how loud the noise is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from speechrnn.audio import write_wav
from speechrnn.corpora.strings import StringPlan, string_datadir
from speechrnn.datadir import Utterance, load_wave, read_datadir, validate_datadir, write_datadir
from speechrnn.errors import ConfigError, DataError

RATE_HZ = 8000
QUIET = StringPlan(gap_ms=(100, 100), snr_db=(60, 60), gain_db=(0, 0))


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """Two takes of three words by two speakers: squares of 50 to 100 ms, at 8 kHz."""
    utterances = []
    for speaker in ("ann", "bob"):
        for number, word in enumerate(("one", "three", "two")):
            for take in range(2):
                name = f"{speaker}-{word}-{take}"
                wave = np.full(400 + 160 * number + 80 * take, 0.1 + 0.1 * number)
                write_wav(tmp_path / f"{name}.wav", wave, RATE_HZ)
                utterances.append(Utterance(name, tmp_path / f"{name}.wav", speaker, word, name))
    write_datadir(tmp_path / "words", utterances)
    return tmp_path / "words"


def test_a_string_is_recordings_between_gaps(words: Path, tmp_path: Path) -> None:
    string_datadir(words, tmp_path / "strings", 5, QUIET)
    assert validate_datadir(tmp_path / "strings") == []
    levels = {"one": 0.1, "three": 0.2, "two": 0.3}
    for string in read_datadir(tmp_path / "strings"):
        wave = load_wave(string, RATE_HZ)
        loud = np.abs(wave) > 0.05
        edges = np.flatnonzero(np.diff(loud.astype(int))) + 1
        starts, stops = edges[::2], edges[1::2]
        heard = [wave[start:stop].mean() for start, stop in zip(starts, stops, strict=True)]
        assert 3 <= len(heard) <= 7
        expected = [levels[word] for word in string.text.split()]
        np.testing.assert_allclose(heard, expected, atol=0.01)
        assert starts[0] == 800 and len(wave) - stops[-1] == 800
        assert set(starts[1:] - stops[:-1]) == {800}


def test_every_recording_comes_before_one_comes_again(words: Path, tmp_path: Path) -> None:
    plan = StringPlan(words=(3, 3))
    strings = string_datadir(words, tmp_path / "strings", 2, plan)
    for speaker in ("ann", "bob"):
        said = " ".join(string.text for string in strings if string.speaker == speaker)
        assert sorted(said.split()) == ["one", "one", "three", "three", "two", "two"]


def test_noise_and_gain_are_as_asked(words: Path, tmp_path: Path) -> None:
    loud = StringPlan(gap_ms=(500, 500), snr_db=(20, 20), gain_db=(0, 0))
    faint = StringPlan(gap_ms=(500, 500), snr_db=(20, 20), gain_db=(-6, -6))
    string_datadir(words, tmp_path / "loud", 3, loud)
    string_datadir(words, tmp_path / "faint", 3, faint)
    for string, other in zip(
        read_datadir(tmp_path / "loud"), read_datadir(tmp_path / "faint"), strict=True
    ):
        wave, quieter = load_wave(string, RATE_HZ), load_wave(other, RATE_HZ)
        speech = np.abs(wave) > 0.07
        ratio = np.square(wave[speech]).mean() / np.square(wave[~speech]).mean()
        assert 10 * np.log10(ratio) == pytest.approx(20, abs=1.5)
        np.testing.assert_allclose(quieter, wave * 10 ** (-6 / 20), atol=1e-4)


def test_the_seed_decides_and_other_speakers_do_not(words: Path, tmp_path: Path) -> None:
    def strings(name: str, source: Path, seed: int) -> dict[str, bytes]:
        made = string_datadir(source, tmp_path / name, 3, StringPlan(seed=seed))
        return {f"{s.id} {s.text}": s.wav.read_bytes() for s in made if s.speaker == "bob"}

    write_datadir(tmp_path / "bob", [u for u in read_datadir(words) if u.speaker == "bob"])
    assert strings("a", words, 0) == strings("b", tmp_path / "bob", 0)
    assert strings("a", words, 0) != strings("c", words, 1)


def test_sentences_are_said_as_they_are(words: Path, tmp_path: Path) -> None:
    sentences = ["two one", "three three three"]
    strings = string_datadir(words, tmp_path / "strings", 4, QUIET, sentences=sentences)
    assert sorted(string.text for string in strings) == sorted(4 * sentences)


@pytest.mark.parametrize("words", [(0, 3), (4, 3)])
def test_ranges_are_checked(words: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match=r"words is [04] to 3, expected two numbers from 1"):
        StringPlan(words=words)


def test_what_cannot_be_said_is_named(words: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="ann has no recording of 'four'; only of one, three, two"):
        string_datadir(words, tmp_path / "strings", 1, QUIET, sentences=["one four"])
    assert not (tmp_path / "strings").exists()
    with pytest.raises(DataError, match="no sentences to say"):
        string_datadir(words, tmp_path / "strings", 1, QUIET, sentences=[])
    with pytest.raises(DataError, match="is what the strings are made of"):
        string_datadir(words, words, 1, QUIET)
