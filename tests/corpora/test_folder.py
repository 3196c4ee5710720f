"""A folder for each word: words, speakers, and what is passed over or left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.corpora.folder import count_recordings, prepare
from speechrnn.datadir import read_datadir, validate_datadir
from speechrnn.errors import DataError


def record(folder: Path, *names: str) -> None:
    wave = np.random.default_rng(0).standard_normal(4000) * 0.1
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        options = {"format": "OGG", "subtype": "OPUS"} if path.suffix == ".opus" else {}
        soundfile.write(path, wave, 16000, **options)


@pytest.fixture
def words(tmp_path: Path) -> Path:
    folder = tmp_path / "words"
    record(
        folder,
        "yes/ann_nohash_0.wav",
        "yes/ann_nohash_1.flac",
        "yes/bob_nohash_0.ogg",
        "lights_on/ann_nohash_0.opus",
        "_unknown_/bob_nohash_0.wav",
        "_background_noise_/rain.wav",
    )
    return folder


def test_words_and_speakers_from_names(words: Path, tmp_path: Path) -> None:
    prepared = prepare(words, tmp_path / "data", speaker_pattern="{speaker}_nohash_*")
    utterances = read_datadir(tmp_path / "data" / "all")
    assert utterances == sorted(prepared.utterances, key=lambda u: u.id)
    assert [(u.id, u.text) for u in utterances] == [
        ("ann-lights_on-ann_nohash_0", "lights on"),
        ("ann-yes-ann_nohash_0", "yes"),
        ("ann-yes-ann_nohash_1", "yes"),
        ("bob-_unknown_-bob_nohash_0", "_unknown_"),
        ("bob-yes-bob_nohash_0", "yes"),
    ]
    assert prepared.faults == []
    assert len(prepared.notes) == 1
    assert "_background_noise_: passed over" in prepared.notes[0]
    assert validate_datadir(tmp_path / "data" / "all") == []
    assert count_recordings(words) == 5


@pytest.mark.parametrize(
    ("pattern", "speakers"),
    [
        ("{speaker}/*", {"ann", "bob_smith"}),
        ("*/{speaker}-*", {"take", "t_ke"}),
        ("{speaker}", set()),
    ],
)
def test_patterns_see_the_path_inside_the_word(
    tmp_path: Path, pattern: str, speakers: set[str]
) -> None:
    record(tmp_path / "w", "yes/ann/take-1.wav", "yes/bob smith/t.ke-1.wav")
    if speakers:
        prepared = prepare(tmp_path / "w", tmp_path / "data", speaker_pattern=pattern)
        assert {u.speaker for u in prepared.utterances} == speakers
    else:
        with pytest.raises(DataError, match=r"no recordings to use.*2 faults.*no speaker"):
            prepare(tmp_path / "w", tmp_path / "data", speaker_pattern=pattern)


def test_speakers_from_a_table(words: Path, tmp_path: Path) -> None:
    table = tmp_path / "speakers.csv"
    rows = ["path,age,speaker", "yes/ann_nohash_0.wav,30,Ann", "lights_on/ann_nohash_0.opus,30,Ann"]
    table.write_text("\ufeff" + "\r\n".join(rows))
    prepared = prepare(words, tmp_path / "data", speakers_csv=table)
    assert [u.id for u in prepared.utterances] == [
        "Ann-lights_on-ann_nohash_0",
        "Ann-yes-ann_nohash_0",
    ]
    assert len(prepared.faults) == 3
    assert all("no speaker" in fault for fault in prepared.faults)
    for content, fault in {
        "file,who\n": r"speakers\.csv:1: expected the columns path,speaker",
        "path,speaker\nyes/nobody.wav,ann\n": r"speakers\.csv:2: no recording",
        "path,speaker\nyes/ann_nohash_0.wav,\n": r"speakers\.csv:2: a path or a speaker",
        "path,speaker\nyes/ann_nohash_0.wav\n": r"speakers\.csv:2: a path or a speaker",
        "path,speaker\nyes/ann_nohash_0.wav,a\nyes/ann_nohash_0.wav,b\n": r"csv:3: .*two speakers",
        "": r"speakers\.csv:1: expected the columns",
    }.items():
        table.write_text(content)
        with pytest.raises(DataError, match=fault):
            prepare(words, tmp_path / "data", speakers_csv=table)
    with pytest.raises(DataError, match="cannot be read as a table"):
        prepare(words, tmp_path / "data", speakers_csv=tmp_path / "none.csv")


def test_one_speaker(words: Path, tmp_path: Path) -> None:
    prepared = prepare(words, tmp_path / "data", speaker="Zoë Q.")
    assert {u.speaker for u in prepared.utterances} == {"Zoë_Q_"}


def test_nobody_guesses_who_speaks(words: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"--speaker-pattern.*--speakers-csv.*--speaker"):
        prepare(words, tmp_path / "data")
    with pytest.raises(DataError, match="Give one of"):
        prepare(words, tmp_path / "data", speaker="ann", speaker_pattern="{speaker}_*")
    for pattern in ("ann_*", "{speaker}_{speaker}", ""):
        with pytest.raises(DataError, match=r"expected \{speaker\} in it once"):
            prepare(words, tmp_path / "data", speaker_pattern=pattern)
    with pytest.raises(DataError, match="expected a name"):
        prepare(words, tmp_path / "data", speaker=" ")


def test_bad_recordings_are_left_out_and_the_others_written(words: Path, tmp_path: Path) -> None:
    (words / "yes" / "ann_nohash_2.wav").write_text("no audio")
    (words / "yes" / "ann_nohash_3.wav").touch()
    flac = (words / "yes" / "ann_nohash_1.flac").read_bytes()
    (words / "yes" / "ann_nohash_4.flac").write_bytes(flac[: len(flac) // 2])
    (words / "yes" / "stray.wav").write_bytes((words / "yes" / "ann_nohash_0.wav").read_bytes())
    prepared = prepare(words, tmp_path / "data", speaker_pattern="{speaker}_nohash_*")
    assert len(prepared.utterances) == 5
    assert len(prepared.faults) == 4
    for part in ("not audio", "empty file", "cut off", "no speaker"):
        assert any(part in fault for fault in prepared.faults), (part, prepared.faults)


def test_what_is_passed_over_is_said(words: Path, tmp_path: Path) -> None:
    record(words, "outside.wav")
    (words / "empty").mkdir()
    (words / ".git").mkdir()
    (words / "yes" / ".DS_Store").touch()
    (words / "yes" / "notes.txt").touch()
    (words / "yes" / "phone.m4a").touch()
    notes = prepare(words, tmp_path / "data", speaker="ann").notes
    assert len(notes) == 5
    for part in ("outside.wav", "empty: passed over: no", "1 files *.m4a", "1 files *.txt"):
        assert any(part in note for note in notes), (part, notes)


def test_nothing_to_prepare(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        prepare(tmp_path / "nowhere", tmp_path / "data", speaker="ann")
    with pytest.raises(DataError, match=r"expected WORD/\*\.wav"):
        prepare(tmp_path, tmp_path / "data", speaker="ann")


def test_names_that_would_become_one_id(tmp_path: Path) -> None:
    record(tmp_path / "w", "yes/a b_1.wav", "yes/a-b_1.wav", "no/c_1.wav", "no/c_1.flac")
    prepared = prepare(tmp_path / "w", tmp_path / "data", speaker_pattern="{speaker}_*")
    assert [u.id for u in prepared.utterances] == ["c-no-c_1", "c-no-c_1-copy2", "a_b-yes-a_b_1"]
    (fault,) = prepared.faults
    assert "are the same as an id" in fault
