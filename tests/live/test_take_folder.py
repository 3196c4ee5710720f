from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from speechrnn.datadir import Utterance, read_datadir, validate_datadir, write_datadir
from speechrnn.errors import ConfigError, DataError, SpeechRNNError
from speechrnn.live.take_folder import TakeFolder


def keep(folder: TakeFolder, word: str, wave, rate_hz: int = 16000) -> str:
    name = folder.new_id(word)
    folder.keep(name, word, wave, rate_hz)
    return name


def test_the_directory_is_whole_after_every_take(tone, tmp_path: Path) -> None:
    folder = TakeFolder(tmp_path / "mine", "ann")
    assert not (tmp_path / "mine").exists()
    for count, word in enumerate(("lights on", "off", "off"), 1):
        keep(folder, word, tone(440, 0.5, rate_hz=48000), 48000)
        assert len(read_datadir(folder.path)) == count
    assert validate_datadir(folder.path) == []
    utterances = read_datadir(folder.path)
    assert [u.id for u in utterances] == ["ann-lights_on-001", "ann-off-001", "ann-off-002"]
    assert utterances[0].text == "lights on"
    info = soundfile.info(utterances[0].wav)
    assert (info.samplerate, info.frames, info.subtype) == (16000, 8000, "PCM_16")


def test_a_take_replaces_the_one_of_the_same_id(tone, tmp_path: Path) -> None:
    folder = TakeFolder(tmp_path / "mine", "ann")
    name = keep(folder, "off", tone(440, 0.5))
    folder.keep(name, "off", tone(440, 0.7), 16000)
    [utterance] = read_datadir(folder.path)
    assert soundfile.info(utterance.wav).duration == pytest.approx(0.7)


def test_other_sessions_and_speakers_add_to_it(tone, tmp_path: Path) -> None:
    for speaker in ("ann", "ann b", "Ann", "ann"):
        folder = TakeFolder(tmp_path / "mine", speaker)
        keep(folder, "off", tone(440, 0.5))
    utterances = read_datadir(tmp_path / "mine")
    assert [(u.id, u.speaker) for u in utterances] == [
        ("Ann-off-001", "Ann"),
        ("ann-off-001", "ann"),
        ("ann-off-002", "ann"),
        ("ann_b-off-001", "ann_b"),
    ]
    assert validate_datadir(tmp_path / "mine") == []


def test_a_recording_that_is_in_no_table_is_not_overwritten(tone, tmp_path: Path) -> None:
    """As after a power cut between the recording and the tables."""
    wavs = tmp_path / "mine" / "wavs"
    wavs.mkdir(parents=True)
    soundfile.write(wavs / "ann-off-001.wav", tone(440, 0.5), 16000)
    assert keep(TakeFolder(tmp_path / "mine", "ann"), "off", tone(440, 0.7)) == "ann-off-002"


def test_what_cannot_be_added_to_is_refused(tone, tmp_path: Path) -> None:
    other = tmp_path / "photos"
    other.mkdir()
    (other / "holiday.jpg").touch()
    long = tmp_path / "long.wav"
    soundfile.write(long, tone(440, 2.0), 16000)
    segment = Utterance("ann-1", long, "ann", "off", "long", 0.5, 1.0)
    write_datadir(tmp_path / "segments", [segment])
    for path, speaker, kind, message in (
        (other, "ann", DataError, "something else than a data directory"),
        (long, "ann", DataError, "something else than a data directory"),
        (tmp_path / "segments", "ann", DataError, "holds segments"),
        (tmp_path / "new", "  ", ConfigError, "--speaker: expected a name"),
    ):
        with pytest.raises(kind, match=message):
            TakeFolder(path, speaker)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "wav.scp").write_text("a b\n")
    with pytest.raises(SpeechRNNError, match="text"):
        TakeFolder(tmp_path / "damaged", "ann")
