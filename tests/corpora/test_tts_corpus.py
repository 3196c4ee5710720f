import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from speechrnn.audio import audio_info
from speechrnn.corpora.tts.corpus import MARKER, prepare
from speechrnn.datadir import read_datadir
from speechrnn.errors import DataError

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("espeakng_loader") is None, reason="needs the extra tts"
)
SPLITS = ("train", "valid", "test")


def tiny(target, **settings):
    return prepare(["yes", "lights on"], target, engines=["espeak"], voices=4, **settings)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    target = tmp_path_factory.mktemp("tts") / "corpus"
    return target, tiny(target, workers=1)


def digests(target):
    return {
        str(path.relative_to(target)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(target.glob("audio/**/*.wav"))
    }


def test_directories_hold_every_class_and_share_no_speaker(corpus):
    target, counts = corpus
    heard = {}
    for split in SPLITS:
        utterances = read_datadir(target / split)
        assert len(utterances) == counts[split] > 0
        assert {u.text for u in utterances} == {"yes", "lights on", "_unknown_", "_silence_"}
        assert all(u.wav.is_file() for u in utterances)
        heard[split] = {u.speaker for u in utterances}
    assert not heard["train"] & heard["valid"]
    assert not heard["train"] & heard["test"]
    assert not heard["valid"] & heard["test"]


def test_the_same_request_gives_the_same_bytes_however_many_workers(corpus, tmp_path):
    target, counts = corpus
    assert tiny(tmp_path / "again", workers=2) == counts
    assert digests(tmp_path / "again") == digests(target)


def test_another_seed_gives_other_speech(corpus, tmp_path):
    target, _ = corpus
    tiny(tmp_path / "other", seed=1, rejection=False)
    assert digests(tmp_path / "other") != digests(target)


def test_what_is_finished_is_kept_and_what_changed_is_made_again(tmp_path):
    target = tmp_path / "corpus"
    tiny(target, rejection=False)
    first = {path: path.stat().st_mtime_ns for path in target.glob("audio/**/*.wav")}
    tiny(target, rejection=False)
    assert {path: path.stat().st_mtime_ns for path in target.glob("audio/**/*.wav")} == first
    prepare(["no"], target, engines=["espeak"], voices=2, rejection=False)
    assert {u.text for u in read_datadir(target / "train")} == {"no"}
    assert len(list(target.glob("audio/train/**/*.wav"))) == 2


def test_other_words_are_as_many_and_as_long_as_asked_for(corpus, tmp_path):
    target = tmp_path / "corpus"
    tiny(target, other_share=2.0, other_phrases=True)
    labels = [u.text for u in read_datadir(target / "train")]
    assert labels.count("_unknown_") == 2 * 4 * 2 > 4

    def said(folder):
        utterances = read_datadir(folder / "train")
        return max(audio_info(u.wav).duration_s for u in utterances if u.text == "_unknown_")

    assert said(target) > 1.5 * said(corpus[0])
    request = json.loads((target / MARKER).read_text())["request"]
    assert (request["other_share"], request["other_phrases"]) == (2.0, True)
    tiny(target, other_share=0.0)
    assert "_unknown_" not in {u.text for u in read_datadir(target / "valid")}


@pytest.mark.parametrize("share", [-0.1, float("nan"), float("inf"), 1e9])
def test_a_share_of_other_words_must_be_one(tmp_path, share):
    with pytest.raises(DataError, match="--other-share: expected 0 to 100, got"):
        tiny(tmp_path / "corpus", other_share=share)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match="holds files of something else"):
        tiny(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_words_that_sound_alike_cannot_be_told_apart(tmp_path):
    with pytest.raises(DataError, match="'two' and 'too' sound the same"):
        prepare(["two", "six", "too"], tmp_path / "corpus")
    assert not (tmp_path / "corpus").exists()


def test_a_word_without_sound_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("speechrnn.corpora.tts.words._check", lambda word: None)
    with pytest.raises(DataError, match=r"espeak has no sound for '\.\.\.'"):
        prepare(["yes", "..."], tmp_path / "corpus")


def test_interruption_leaves_no_corpus_that_looks_whole(tmp_path):
    target = tmp_path / "corpus"
    code = (
        "from speechrnn.corpora.tts import prepare, DEFAULT_WORDS\n"
        f"prepare(DEFAULT_WORDS, {str(target)!r}, engines=['espeak'])"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    while not list(target.glob("audio/*/*/*.wav")):
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) != 0
    assert json.loads((target / MARKER).read_text())["complete"] is False
    assert not any((target / split).exists() for split in SPLITS)
