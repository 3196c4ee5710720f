"""The Free Spoken Digit Dataset: names to utterances, folds, its own split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.audio import write_wav
from speechrnn.corpora import fsdd
from speechrnn.datadir import check_speakers_disjoint, read_datadir, validate_datadir
from speechrnn.errors import DataError

SPEAKERS = ("ann", "bob", "cid")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three speakers, two digits, eight takes each."""
    (tmp_path / "fsdd" / "recordings").mkdir(parents=True)
    random = np.random.default_rng(0)
    for speaker in SPEAKERS:
        for digit in (0, 7):
            for take in range(8):
                path = tmp_path / "fsdd" / "recordings" / f"{digit}_{speaker}_{take}.wav"
                write_wav(path, 0.1 * random.standard_normal(800), 8000)
    return tmp_path / "fsdd"


def test_names_become_utterances(corpus: Path, tmp_path: Path) -> None:
    fsdd.prepare(corpus, tmp_path / "data")
    utterances = read_datadir(tmp_path / "data" / "all")
    assert len(utterances) == 48
    first = utterances[0]
    assert (first.id, first.speaker, first.text) == ("ann-0-00", "ann", "zero")
    assert first.wav == corpus / "recordings" / "0_ann_0.wav"
    assert {u.text for u in utterances} == {"zero", "seven"}
    assert validate_datadir(tmp_path / "data" / "all") == []
    assert fsdd.read_corpus(corpus / "recordings") == fsdd.read_corpus(corpus)


def test_folds_leave_one_speaker_out(corpus: Path, tmp_path: Path) -> None:
    assert fsdd.prepare_folds(corpus, tmp_path / "data") == list(SPEAKERS)
    for speaker in SPEAKERS:
        fold = tmp_path / "data" / f"fold_{speaker}"
        check_speakers_disjoint({part: fold / part for part in ("train", "test")})
        assert {u.speaker for u in read_datadir(fold / "test")} == {speaker}
        assert len(read_datadir(fold / "train")) == 32
        assert not (fold / "valid").exists()


def test_validation_from_the_training_speakers_must_be_allowed(
    corpus: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"train and valid share 2 speakers \(bob, cid\).*allow"):
        fsdd.prepare_folds(corpus, tmp_path / "data", validation=0.25)
    fsdd.prepare_folds(corpus, tmp_path / "data", validation=0.25, allow_shared_speakers=True)
    fold = tmp_path / "data" / "fold_ann"
    parts = {part: {u.id for u in read_datadir(fold / part)} for part in ("train", "valid", "test")}
    assert {part: len(ids) for part, ids in parts.items()} == {"train": 24, "valid": 8, "test": 16}
    assert not parts["train"] & parts["valid"]
    # Prepared again without, no stale part stays.
    fsdd.prepare_folds(corpus, tmp_path / "data")
    assert not (fold / "valid").exists()


def test_the_corpus_own_split_must_be_allowed(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train and test share 3 speakers \(ann, bob, cid\)"):
        fsdd.prepare_index_split(corpus, tmp_path / "data")
    assert not (tmp_path / "data" / "index").exists()
    fsdd.prepare_index_split(corpus, tmp_path / "data", allow_shared_speakers=True)
    test = read_datadir(tmp_path / "data" / "index" / "test")
    assert len(test) == 30
    assert {u.id.rsplit("-", 1)[1] for u in test} == {"00", "01", "02", "03", "04"}
    assert len(read_datadir(tmp_path / "data" / "index" / "train")) == 18


def test_faults(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no recordings"):
        fsdd.prepare(tmp_path / "nowhere", tmp_path / "data")
    with pytest.raises(DataError, match=r"'zoe' cannot be held out; the speakers are ann, bob"):
        fsdd.leave_one_out(fsdd.read_corpus(corpus), "zoe")
    with pytest.raises(DataError, match="validation: expected a share"):
        fsdd.prepare_folds(corpus, tmp_path / "data", validation=1.0)
    (corpus / "recordings" / "hello.wav").touch()
    with pytest.raises(DataError, match=r"hello\.wav: expected a name such as 7_jackson_32\.wav"):
        fsdd.prepare(corpus, tmp_path / "data")


def test_the_digest_is_of_names_and_samples(corpus: Path) -> None:
    before = fsdd.digest(corpus)
    path = corpus / "recordings" / "0_ann_0.wav"
    wave, _ = soundfile.read(path, dtype="int16")
    soundfile.write(path, wave, 8000, format="WAVEX", subtype="PCM_16")  # another header
    assert fsdd.digest(corpus) == before
    wave[5] ^= 1
    soundfile.write(path, wave, 8000)
    changed = fsdd.digest(corpus)
    assert changed != before
    path.rename(corpus / "recordings" / "0_ann_8.wav")
    assert fsdd.digest(corpus) not in (before, changed)


def test_the_real_corpus(shared_data: Path, tmp_path: Path) -> None:
    assert fsdd.digest(shared_data / "fsdd") == fsdd.DIGEST
    assert fsdd.download(shared_data / "fsdd") == shared_data / "fsdd"  # there already
    utterances = fsdd.prepare(shared_data / "fsdd", tmp_path)
    assert len(utterances) == 3000
    assert len({u.speaker for u in utterances}) == 6
