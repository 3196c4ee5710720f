"""yesno: words from file names, icefall's split, one speaker."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from speechrnn.audio import write_wav
from speechrnn.corpora import yesno
from speechrnn.datadir import read_datadir, validate_datadir
from speechrnn.errors import DataError

NAMES = ("0_0_1", "0_1_1", "1_0_1", "1_1_0", "1_1_1")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Five recordings, and the note that the archive holds beside them."""
    random = np.random.default_rng(0)
    (tmp_path / "waves_yesno").mkdir()
    for name in NAMES:
        path = tmp_path / "waves_yesno" / f"{name}.wav"
        write_wav(path, 0.1 * random.standard_normal(800), 8000)
    (tmp_path / "waves_yesno" / "README").write_text("yes is 1, no is 0")
    return tmp_path / "waves_yesno"


def test_names_become_words_in_order(corpus: Path) -> None:
    utterances = yesno.read_corpus(corpus)
    assert [u.text for u in utterances] == [
        "no no yes",
        "no yes yes",
        "yes no yes",
        "yes yes no",
        "yes yes yes",
    ]
    first = utterances[0]
    assert (first.id, first.speaker) == ("global-0_0_1", "global")
    assert first.wav == corpus / "0_0_1.wav"


def test_the_split_is_every_other_recording_and_must_be_allowed(
    corpus: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        DataError, match=r"train and test share 1 speaker \(global\).*--allow-shared-speakers"
    ):
        yesno.prepare(corpus, tmp_path / "data")
    assert not (tmp_path / "data").exists()
    counts = yesno.prepare(corpus, tmp_path / "data", allow_shared_speakers=True)
    assert counts == {"train": 3, "test": 2}
    ids = {part: [u.id for u in read_datadir(tmp_path / "data" / part)] for part in counts}
    assert ids == {
        "train": ["global-0_0_1", "global-1_0_1", "global-1_1_1"],
        "test": ["global-0_1_1", "global-1_1_0"],
    }
    for part in counts:
        assert validate_datadir(tmp_path / "data" / part) == []


@pytest.mark.parametrize("name", ["hello", "1_2_0", "1_0_", "10"])
def test_a_file_of_another_name_is_named(corpus: Path, tmp_path: Path, name: str) -> None:
    (corpus / f"{name}.wav").touch()
    with pytest.raises(DataError, match=rf"{name}\.wav: expected a name such as 1_0_0_1"):
        yesno.prepare(corpus, tmp_path / "data", allow_shared_speakers=True)


def test_too_few_recordings(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no recordings.*speechrnn download yesno"):
        yesno.prepare(tmp_path, tmp_path / "data", allow_shared_speakers=True)
    for name in NAMES[1:]:
        (corpus / f"{name}.wav").unlink()
    with pytest.raises(DataError, match="holds one recording"):
        yesno.prepare(corpus, tmp_path / "data", allow_shared_speakers=True)


def test_a_download_appears_only_when_its_samples_are_right(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        tar.add(corpus, "waves_yesno")
    archive = tmp_path / "source.tar.gz"
    archive.write_bytes(content.getvalue())
    target = tmp_path / "new"
    with pytest.raises(DataError, match=r"new\.unverified: its 5 recordings have the checksum"):
        yesno.download(target, url=archive.as_uri())
    assert not target.exists()
    monkeypatch.setattr(yesno, "DIGEST", yesno.digest(corpus))
    assert yesno.download(target, url=archive.as_uri()) == target
    assert yesno.digest(target) == yesno.digest(corpus)
    archive.unlink()
    assert yesno.download(target, url=archive.as_uri()) == target  # there already
    (target / "0_0_1.wav").unlink()
    with pytest.raises(DataError, match="its 4 recordings"):
        yesno.download(target, url=archive.as_uri())


def test_the_real_corpus(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "waves_yesno"
    assert yesno.download(folder) == folder  # there already, with the samples it should have
    counts = yesno.prepare(folder, tmp_path, allow_shared_speakers=True)
    assert counts == {"train": 30, "test": 30}
    test = read_datadir(tmp_path / "test")
    assert sum(len(u.text.split()) for u in test) == 240
    assert test[0].id == "global-0_0_0_1_0_0_0_1"  # icefall's first test recording
