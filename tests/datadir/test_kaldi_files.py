"""Reading and writing Kaldi data directories, and that Kaldi's and lhotse's rules are met."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.audio import write_wav
from speechrnn.datadir import (
    Utterance,
    check_speakers_disjoint,
    durations_s,
    load_wave,
    read_datadir,
    write_datadir,
)
from speechrnn.errors import AudioError, DataError

RATE_HZ = 8000


def wav(folder: Path, name: str, duration_s: float = 0.5) -> Path:
    path = folder / f"{name}.wav"
    wave = np.linspace(-0.5, 0.5, round(duration_s * RATE_HZ), dtype=np.float32)
    write_wav(path, wave, RATE_HZ)
    return path


def corpus(folder: Path, speakers: str = "ann bob cid", takes: int = 3) -> list[Utterance]:
    """Whole recordings, two words each speaker and take."""
    utterances = []
    for speaker in speakers.split():
        for word in ("no", "yes"):
            for take in range(takes):
                name = f"{speaker}-{word}-{take}"
                utterances.append(Utterance(name, wav(folder, name), speaker, word, name))
    return utterances


def segments(folder: Path) -> list[Utterance]:
    """Words cut from one long recording of each speaker."""
    utterances = []
    for speaker in ("ann", "bob"):
        path = wav(folder, f"{speaker}-day 1", 3.0)
        for place in range(4):
            start_s, end_s = round(0.7 * place, 6), round(0.7 * place + 0.5, 6)
            name = f"{speaker}-{place}"
            utterances.append(
                Utterance(name, path, speaker, f"word {place}", f"{speaker}-day1", start_s, end_s)
            )
    return utterances


@pytest.mark.parametrize("make", [corpus, segments])
def test_what_is_written_is_read(tmp_path: Path, make: object) -> None:
    utterances = make(tmp_path)  # type: ignore[operator]
    write_datadir(tmp_path / "data", reversed(utterances))
    assert read_datadir(tmp_path / "data") == utterances
    has_segments = (tmp_path / "data" / "segments").exists()
    assert has_segments == (make is segments)
    assert durations_s(tmp_path / "data") == {u.id: pytest.approx(0.5) for u in utterances}


def test_a_segment_is_that_stretch(tmp_path: Path) -> None:
    utterance = segments(tmp_path)[1]
    whole = np.linspace(-0.5, 0.5, 24000, dtype=np.float32)
    expected = whole[round(0.7 * RATE_HZ) : round(1.2 * RATE_HZ)]
    np.testing.assert_allclose(load_wave(utterance, RATE_HZ), expected, atol=1 / 32768)
    assert len(load_wave(utterance, 2 * RATE_HZ)) == 2 * len(expected)


def test_an_open_end_is_written_as_the_recordings_end(tmp_path: Path) -> None:
    path = wav(tmp_path, "long", 2.0)
    write_datadir(tmp_path / "data", [Utterance("ann-1", path, "ann", "yes", "rec", 1.5)])
    (utterance,) = read_datadir(tmp_path / "data")
    assert (utterance.start_s, utterance.end_s) == (1.5, 2.0)
    table = tmp_path / "data" / "segments"
    table.write_text("ann-1 rec 1.5 -1\n")  # what Kaldi writes for it
    assert read_datadir(tmp_path / "data")[0].end_s is None
    assert len(load_wave(read_datadir(tmp_path / "data")[0], RATE_HZ)) == RATE_HZ // 2


@pytest.mark.parametrize("make", [corpus, segments])
def test_lhotse_reads_it(tmp_path: Path, make: object) -> None:
    kaldi = pytest.importorskip("lhotse.kaldi")
    utterances = make(tmp_path)  # type: ignore[operator]
    write_datadir(tmp_path / "data", utterances)
    recordings, supervisions, _ = kaldi.load_kaldi_data_dir(tmp_path / "data", RATE_HZ)
    assert {r.id: r.sources[0].source for r in recordings} == {
        u.recording: str(u.wav) for u in utterances
    }
    assert {(s.id, s.recording_id, s.speaker, s.text) for s in supervisions} == {
        (u.id, u.recording, u.speaker, u.text) for u in utterances
    }
    for supervision in supervisions:
        utterance = next(u for u in utterances if u.id == supervision.id)
        assert supervision.start == pytest.approx(utterance.start_s or 0.0)
        assert supervision.duration == pytest.approx(0.5)
        cut = recordings[supervision.recording_id].load_audio(
            offset=supervision.start, duration=supervision.duration
        )
        np.testing.assert_allclose(cut[0], load_wave(utterance, RATE_HZ), atol=1e-7)


def test_sorted_as_sort_does_in_the_c_locale(tmp_path: Path) -> None:
    """Kaldi demands it of every file, and utt2spk sorted by utterance sorted by speaker too."""
    names = ["Zoe", "ann", "ann2", "ann_b", "bob", "Äpfel", "zoë", "日本"]
    utterances = []
    for speaker in names:
        for take in ("10", "9", "a"):
            name = f"{speaker}-{take}"
            utterances.append(Utterance(name, wav(tmp_path, name, 0.01), speaker, "x", name))
    write_datadir(tmp_path / "data", utterances)
    for name in ("wav.scp", "text", "utt2spk", "spk2utt", "utt2dur"):
        path = tmp_path / "data" / name
        environment = {**os.environ, "LC_ALL": "C"}
        subprocess.run(["sort", "-c", "-k1,1", path], check=True, env=environment)
    subprocess.run(["sort", "-c", "-k2,2", tmp_path / "data" / "utt2spk"], check=True)


NAMES = st.text(
    st.characters(min_codepoint=48, blacklist_categories=("Z", "C")), min_size=1, max_size=8
)
WORDS = st.lists(NAMES, max_size=3).map(" ".join)


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(NAMES, st.tuples(NAMES, WORDS), min_size=1, max_size=8))
def test_any_names_and_texts_survive(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, tuple[str, str]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = folder / "any.wav"
    if not path.exists():
        wav(folder, "any")
    utterances = [
        Utterance(f"{speaker}-{name}", path, speaker, text, f"{speaker}-{name}")
        for name, (speaker, text) in content.items()
    ]
    write_datadir(folder / "any", utterances)
    assert read_datadir(folder / "any") == sorted(utterances, key=lambda u: u.id)


TABLE = st.text(st.sampled_from(list("ab1-.| \t\r\n\0é")), max_size=40)


@settings(max_examples=100, deadline=None)
@given(TABLE, TABLE, TABLE, st.none() | TABLE)
def test_any_tables_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, wavs: str, texts: str, speakers: str, cuts: str | None
) -> None:
    folder = tmp_path_factory.getbasetemp() / "tables"
    folder.mkdir(exist_ok=True)
    tables = {"wav.scp": wavs, "text": texts, "utt2spk": speakers, "segments": cuts}
    for name, content in tables.items():
        (folder / name).unlink(missing_ok=True)
        if content is not None:
            (folder / name).write_text(content, encoding="utf-8", newline="")
    try:
        for utterance in read_datadir(folder):
            assert utterance.id.split() == [utterance.id]
            assert utterance.speaker
    except DataError as fault:
        assert "\n" not in str(fault)


def test_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the current directory, as Kaldi takes them; else from the data directory."""
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    data.mkdir()
    elsewhere.mkdir()
    wav(data, "a")
    (data / "wav.scp").write_text("ann-1 a.wav\n")
    (data / "text").write_text("ann-1 yes\n")
    (data / "utt2spk").write_text("ann-1 ann\n")
    monkeypatch.chdir(elsewhere)
    assert read_datadir(data)[0].wav == data / "a.wav"
    wav(elsewhere, "a")
    assert read_datadir(data)[0].wav == elsewhere / "a.wav"
    # Written, they are absolute.
    relative = Utterance("ann-1", Path("a.wav"), "ann", "yes", "ann-1")
    write_datadir("new", [relative])
    assert (elsewhere / "new" / "wav.scp").read_text() == f"ann-1 {elsewhere / 'a.wav'}\n"


@pytest.mark.parametrize(
    ("table", "content", "fault"),
    [
        ("wav.scp", "ann-1 sox x.wav -t wav - |\n", r"wav\.scp:1: .*must not run programs"),
        ("wav.scp", "ann-1 | play\n", r"wav\.scp:1: .*must not run programs"),
        ("wav.scp", "ann-1 -\n", r"wav\.scp:1: ann-1 names no file"),
        ("wav.scp", "ann-1\n", r"wav\.scp:1: ann-1 names no file"),
        ("wav.scp", "ann-1 a.wav\n\nann-1 b.wav\n", r"wav\.scp:3: ann-1 stands already in line 1"),
        ("text", "", r"wav\.scp:1: ann-1 has no line in .*text"),
        ("text", "ann-1 yes\nbob-1 no\n", r"text:2: bob-1 has no audio"),
        ("utt2spk", "ann-1\n", r"utt2spk:1: expected 'utterance speaker'"),
        ("utt2spk", "ann-1 ann bob\n", r"utt2spk:1: expected 'utterance speaker'"),
        ("segments", "ann-1 ann-1 0.5\n", r"segments:1: expected 'utterance recording start end'"),
        ("segments", "ann-1 ann-1 0,1 0,2\n", r"segments:1: expected"),
        ("segments", "ann-1 ann-1 0.5 0.2\n", r"segments:1: ann-1 goes from 0\.5 to 0\.2 s"),
        ("segments", "ann-1 ann-1 nan 0.2\n", r"segments:1: "),
        ("segments", "ann-1 rec 0 0.2\n", r"segments:1: recording rec is not in"),
        ("utt2spk", None, r"utt2spk: no such file"),
    ],
)
def test_faults_name_file_and_line(
    tmp_path: Path, table: str, content: str | None, fault: str
) -> None:
    data = tmp_path / "data"
    write_datadir(data, [Utterance("ann-1", wav(tmp_path, "a"), "ann", "yes", "ann-1")])
    (data / table).unlink(missing_ok=True)
    if content is not None:
        (data / table).write_text(content)
    with pytest.raises(DataError, match=fault):
        read_datadir(data)


def test_no_directory_and_no_utterances(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere/wav\.scp: no such directory"):
        read_datadir(tmp_path / "nowhere")
    for name in ("wav.scp", "text", "utt2spk"):
        (tmp_path / name).write_text("")
    with pytest.raises(DataError, match="no utterances"):
        read_datadir(tmp_path)
    (tmp_path / "text").write_bytes(b"ann-1 \xff\xfe\n")
    with pytest.raises(DataError, match="text: not UTF-8"):
        read_datadir(tmp_path)


def test_what_the_format_cannot_hold_is_refused(tmp_path: Path) -> None:
    path = wav(tmp_path, "a")
    good = Utterance("ann-1", path, "ann", "yes", "ann-1")
    cases = {
        "occurs twice": [good, good],
        "ids have no blanks": [Utterance("ann 1", path, "ann", "yes", "ann 1")],
        "begin utterance ids with the speaker": [
            Utterance("x-1", path, "bob", "yes", "x-1"),
            Utterance("x-2", path, "ann", "yes", "x-2"),
        ],
        "cannot hold the path": [Utterance("ann-1", Path("a.wav|"), "ann", "yes", "ann-1")],
        "text of several lines": [Utterance("ann-1", path, "ann", "a\nb", "ann-1")],
        "one is a segment": [good, Utterance("ann-2", path, "ann", "yes", "ann-1", 0.0, 0.1)],
        "give both the same name": [Utterance("ann-1", path, "ann", "yes", "rec")],
        "no utterances": [],
    }
    for fault, utterances in cases.items():
        with pytest.raises(DataError, match=fault):
            write_datadir(tmp_path / "data", utterances)
    with pytest.raises(AudioError, match="No such file"):
        write_datadir(tmp_path / "data", [Utterance("a", tmp_path / "no.wav", "a", "", "a")])
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


def test_writing_again_replaces_and_leaves_other_files(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_datadir(data, segments(tmp_path))
    (data / "notes.txt").write_text("mine")
    write_datadir(data, corpus(tmp_path, "dan", 1))
    assert [u.id for u in read_datadir(data)] == ["dan-no-0", "dan-yes-0"]
    assert (data / "notes.txt").read_text() == "mine"
    assert not (data / "segments").exists()


def test_a_failed_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    utterances = corpus(tmp_path, "ann", 1)
    before = sorted(tmp_path.iterdir())

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(DataError, match=r"data: cannot be written \(No space left"):
        write_datadir(tmp_path / "data", utterances)
    assert sorted(tmp_path.iterdir()) == before


def test_speakers_on_both_sides_are_named(tmp_path: Path) -> None:
    write_datadir(tmp_path / "one", corpus(tmp_path, "ann bob cid", 1))
    write_datadir(tmp_path / "two", corpus(tmp_path, "bob cid dan", 1))
    write_datadir(tmp_path / "six", corpus(tmp_path, "eve", 1))
    parts = {"train": tmp_path / "one", "test": tmp_path / "two"}
    with pytest.raises(DataError, match=r"train and test share 2 speakers \(bob, cid\)"):
        check_speakers_disjoint(parts)
    check_speakers_disjoint(parts, allow_shared=True)
    check_speakers_disjoint({"train": tmp_path / "one", "test": tmp_path / "six"})
