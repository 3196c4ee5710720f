"""Every fault of a data directory is found, and what can be put right is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.audio import write_wav
from speechrnn.datadir import (
    Utterance,
    durations_s,
    fix_datadir,
    read_datadir,
    validate_datadir,
    write_datadir,
)
from speechrnn.errors import DataError

RATE_HZ = 8000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four segments of two recordings of a second."""
    utterances = []
    for speaker in ("ann", "bob"):
        path = tmp_path / f"{speaker}.wav"
        write_wav(path, np.linspace(-0.5, 0.5, RATE_HZ), RATE_HZ)
        for place in (0.0, 0.5):
            name = f"{speaker}-{place:g}"
            utterances.append(
                Utterance(name, path, speaker, "yes", f"rec-{speaker}", place, place + 0.4)
            )
    write_datadir(tmp_path / "data", utterances)
    return tmp_path / "data"


def edit(path: Path, old: str, new: str) -> None:
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))


def test_a_good_directory_has_no_faults(data: Path) -> None:
    assert validate_datadir(data) == []
    for optional in ("spk2utt", "utt2dur"):
        before = read_datadir(data)
        assert fix_datadir(data) == []
        assert read_datadir(data) == before
        assert (data / optional).exists()


@pytest.mark.parametrize(
    ("table", "old", "new", "fault"),
    [
        ("text", "ann-0.5 yes\n", "", "ann-0.5 has no line in"),
        ("utt2spk", "ann-0.5 ann\n", "", "ann-0.5 has no line in"),
        ("text", "ann-0 yes\nann-0.5 yes\n", "ann-0.5 yes\nann-0 yes\n", "not sorted"),
        ("utt2spk", "ann-0 ann\n", "ann-0 ann\nann-0 bob\n", "stands already in line 1"),
        ("segments", "0.500000 0.900000\nbob", "0.500000 1.600000\nbob", "has 1 s"),
        ("segments", "0.500000 0.900000\nbob", "1.100000 1.300000\nbob", "has 1 s"),
        ("segments", "rec-ann 0.5", "rec-nobody 0.5", "recording rec-nobody is not in"),
        ("spk2utt", "bob bob-0 bob-0.5\n", "bob bob-0\n", "disagrees with utt2spk"),
        ("utt2dur", "bob-0 0.4\n", "", "lacks 1 utterances, bob-0 first"),
        ("utt2dur", "bob-0 0.4\n", "bob-0 long\n", "expected 'utterance seconds'"),
        ("wav.scp", "ann.wav", "nobody.wav", "No such file"),
        ("wav.scp", "ann.wav", "ann.wav |", "must not run programs"),
        ("utt2spk", "ann-0 ann\n", "ann-0 zoe\n", "begin utterance ids with the speaker"),
    ],
)
def test_each_fault_is_found(data: Path, table: str, old: str, new: str, fault: str) -> None:
    edit(data / table, old, new)
    faults = validate_datadir(data)
    assert any(fault in line for line in faults), faults
    assert all("\n" not in line for line in faults)


def test_all_faults_are_listed_at_once(data: Path) -> None:
    edit(data / "text", "ann-0 yes\n", "")
    edit(data / "utt2spk", "bob-0 bob\n", "")
    edit(data / "wav.scp", "bob.wav", "nobody.wav")
    (data / "spk2utt").unlink()
    faults = validate_datadir(data)
    for part in ("ann-0 has no line", "bob-0 has no line", "nobody.wav", "spk2utt"):
        assert any(part in line for line in faults), (part, faults)
    assert "no such directory" in validate_datadir(data / "nowhere")[0]


def test_only_decoding_sees_what_is_inside(data: Path) -> None:
    wave = np.zeros(RATE_HZ, np.float32)
    wave[-1] = np.nan
    soundfile.write(data.parent / "ann.wav", wave, RATE_HZ, subtype="FLOAT")
    assert validate_datadir(data, decode=False) == []
    (fault,) = validate_datadir(data)
    assert "rec-ann" in fault
    assert "NaN" in fault


def test_fix_drops_says_what_and_leaves_a_good_directory(data: Path) -> None:
    edit(data / "text", "ann-0 yes\n", "")
    edit(data / "text", "bob-0 yes\nbob-0.5 yes\n", "bob-0.5 yes\nbob-0 yes\nzoe-1 no\n")
    edit(data / "segments", "bob-0.5 rec-bob 0.500000 0.900000", "bob-0.5 rec-bob 3.0 4.0")
    (data / "spk2utt").write_text("nonsense\n")
    (data / "utt2dur").unlink()
    text_before = (data / "text").read_text()
    dropped = fix_datadir(data)
    for part in ("ann-0 has no line", "zoe-1 has no audio", "bob-0.5 goes from 3 to 4 s"):
        assert any(part in line for line in dropped), (part, dropped)
    assert validate_datadir(data) == []
    assert [u.id for u in read_datadir(data)] == ["ann-0.5", "bob-0"]
    assert (data / "spk2utt").read_text() == "ann ann-0.5\nbob bob-0\n"
    assert durations_s(data) == {"ann-0.5": pytest.approx(0.4), "bob-0": pytest.approx(0.4)}
    assert (data / ".backup" / "text").read_text() == text_before


def test_fix_touches_nothing_where_nothing_would_be_left(data: Path) -> None:
    (data.parent / "ann.wav").unlink()
    (data.parent / "bob.wav").write_bytes(b"")
    before = {path.name: path.read_text() for path in data.iterdir()}
    with pytest.raises(DataError, match="nothing would be left"):
        fix_datadir(data)
    assert {path.name: path.read_text() for path in data.iterdir()} == before
