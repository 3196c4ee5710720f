"""Speech Commands: splits, stretches of noise, test lists by name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.audio import write_wav
from speechrnn.corpora.speech_commands import TASKS, prepare, task_of_words
from speechrnn.corpora.speech_commands.parts import part_of_speaker
from speechrnn.corpora.speech_commands.tasks import COMMANDS, WORDS_V1, WORDS_V2
from speechrnn.datadir import Utterance, load_wave, read_datadir, validate_datadir
from speechrnn.errors import DataError

SPEAKERS = {"train": ("0a1b2c3d", "11111111"), "valid": ("22222222",), "test": ("33333333",)}
OTHERS = ("bed", "cat", "dog")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """The ten commands once by each of four speakers, three other words twice; two noises."""
    root = tmp_path / "tiny"
    for speakers in SPEAKERS.values():
        for speaker in speakers:
            for word in (*COMMANDS, *OTHERS):
                for take in range(1 + (word in OTHERS)):
                    add_clip(root, word, f"{speaker}_nohash_{take}.wav")
    (root / "_background_noise_").mkdir()
    count = np.arange(10 * 16000) // 16
    for name, scale in {"hiss": 1, "hum": -1}.items():  # each millisecond another value
        write_wav(root / "_background_noise_" / f"{name}.wav", scale * count / 32768, 16000)
    (root / "_background_noise_" / "README.md").touch()
    write_lists(root, valid=SPEAKERS["valid"], test=SPEAKERS["test"])
    return root


def add_clip(root: Path, word: str, name: str) -> None:
    (root / word).mkdir(parents=True, exist_ok=True)
    write_wav(root / word / name, np.full(800, 0.1), 16000)


def write_lists(root: Path, **speakers: tuple[str, ...]) -> None:
    names = {"valid": "validation_list.txt", "test": "testing_list.txt"}
    for part, who in speakers.items():
        places = [f"{path.parent.name}/{path.name}" for path in sorted(root.glob("[a-z]*/*"))]
        lines = [f"{place}\n" for place in places if place.split("/")[1].startswith(who)]
        (root / names[part]).write_text("".join(lines))


def texts(directory: Path) -> Counter[str]:
    return Counter(utterance.text for utterance in read_datadir(directory))


def test_twelve_classes(corpus: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    prepared = prepare(corpus, data)
    each = dict.fromkeys(COMMANDS, 1)
    assert texts(data / "valid") == each | {"_unknown_": 6, "_silence_": 1}
    assert texts(data / "test") == each | {"_unknown_": 6, "_silence_": 1}
    assert texts(data / "train") == dict.fromkeys(COMMANDS, 2) | {"_unknown_": 12, "_silence_": 2}
    for name in prepared.directories:
        assert validate_datadir(data / name) == []
        assert prepared.directories[name] == len(read_datadir(data / name))
    assert prepared.notes == []


def test_the_word_of_an_unknown_clip_stays_in_its_id(corpus: Path, tmp_path: Path) -> None:
    prepare(corpus, tmp_path / "data")
    unknown = [u for u in read_datadir(tmp_path / "data/train") if u.text == "_unknown_"]
    assert [u.id for u in unknown[:3]] == [
        "0a1b2c3d-bed-0",
        "0a1b2c3d-bed-1",
        "0a1b2c3d-cat-0",
    ]
    assert unknown[0].wav == corpus / "bed/0a1b2c3d_nohash_0.wav"
    assert len(load_wave(unknown[0], 16000)) == 800  # a whole recording, though a segment


def test_no_part_hears_noise_of_another(corpus: Path, tmp_path: Path) -> None:
    prepare(corpus, tmp_path / "data")
    heard: dict[str, set[tuple[str, int]]] = {}
    for part in ("train", "valid", "test"):
        noises = read_datadir(tmp_path / f"data/noise/{part}")
        silences = [u for u in read_datadir(tmp_path / f"data/{part}") if u.text == "_silence_"]
        heard[part] = samples(noises)
        assert samples(silences) <= heard[part]
        assert all(u.speaker == f"noise_{part}" for u in noises + silences)
    assert [len(heard[part]) for part in ("train", "valid", "test")] == [12000, 4000, 4000]
    assert not heard["train"] & heard["valid"]
    assert not heard["train"] & heard["test"]
    assert not heard["valid"] & heard["test"]


def samples(utterances: list[Utterance]) -> set[tuple[str, int]]:
    """Which milliseconds of which noise; the samples say which."""
    return {
        (utterance.wav.stem, round(abs(value) * 32768))
        for utterance in utterances
        for value in load_wave(utterance, 16000)[::16]
    }


def test_silence_is_spread_over_all_noises(corpus: Path, tmp_path: Path) -> None:
    for number in range(40):
        add_clip(corpus, "yes", f"11111111_nohash_{number}.wav")
    prepare(corpus, tmp_path / "data")
    silences = [u for u in read_datadir(tmp_path / "data/train") if u.text == "_silence_"]
    assert Counter(u.wav.stem for u in silences) == {"hiss": 3, "hum": 3}
    assert [(u.start_s, u.end_s) for u in silences[:3]] == [(0, 1), (2.5, 3.5), (5, 6)]


def test_a_corpus_without_lists_is_split_by_hash(corpus: Path, tmp_path: Path) -> None:
    for name in ("validation_list.txt", "testing_list.txt"):
        (corpus / name).unlink()
    for word in COMMANDS:
        for speaker in ("c7dc7278", "105e72bb", "bobby"):
            add_clip(corpus, word, f"{speaker}_nohash_0.wav")
    prepare(corpus, tmp_path / "data")
    for part, speaker in {"train": "bobby", "valid": "105e72bb", "test": "c7dc7278"}.items():
        utterances = read_datadir(tmp_path / "data" / part)
        assert speaker in {u.speaker for u in utterances}
        assert all(part_of_speaker(u.speaker) == part for u in utterances if u.text in COMMANDS)


def test_lists_of_wav_serve_a_corpus_of_flac(corpus: Path, tmp_path: Path) -> None:
    for path in corpus.glob("*/*.wav"):
        soundfile.write(path.with_suffix(".flac"), *soundfile.read(path, dtype="int16"))
        path.unlink()
    prepare(corpus, tmp_path / "data")
    assert {u.speaker for u in read_datadir(tmp_path / "data/valid")} == {"22222222", "noise_valid"}


def test_test_lists_by_name(corpus: Path, tmp_path: Path) -> None:
    for number in range(5):
        add_clip(corpus, "yes", f"33333333_nohash_{number}.wav")
        add_clip(corpus, "cat", f"44444444_nohash_{number}.wav")
    write_lists(corpus, test=("33333333", "44444444"))
    data = tmp_path / "data"
    prepare(corpus, data)
    # 14 commands: two other words, one of each speaker.
    assert texts(data / "test")["_unknown_"] == 11
    tenth = read_datadir(data / "test_tenth")
    assert Counter(u.text in COMMANDS for u in tenth) == {True: 14, False: 4}
    drawn = [u for u in tenth if u.text == "_unknown_"]
    assert {u.speaker for u in drawn} == {"33333333", "44444444"}
    assert texts(data / "test_zeros") == texts(data / "test_tenth")
    assert [u for u in read_datadir(data / "test_zeros") if u.text == "_unknown_"] == drawn
    zeros = [u for u in read_datadir(data / "test_zeros") if u.text == "_silence_"]
    assert all(not load_wave(u, 16000).any() and u.speaker == "noise_test" for u in zeros)
    assert all(load_wave(u, 16000).any() for u in tenth)
    before = (data / "test_tenth/segments").read_text()
    prepare(corpus, data)
    assert (data / "test_tenth/segments").read_text() == before


def test_the_list_by_speechbrains_rule(corpus: Path, tmp_path: Path) -> None:
    for number in range(40):
        add_clip(corpus, "yes", f"33333333_nohash_{number}.wav")
        add_clip(corpus, "cat", f"33333333_nohash_{number}.wav")
    write_lists(corpus, valid=SPEAKERS["valid"], test=SPEAKERS["test"])
    data = tmp_path / "data"
    prepare(corpus, data)
    whole = {u.id: u.text for u in read_datadir(data / "test") if u.text != "_silence_"}
    listed = read_datadir(data / "test_speechbrain")
    # 49 commands: a tenth is 4, of two noises 2 each.
    assert Counter(u.wav.stem for u in listed if u.text == "_silence_") == {"hiss": 2, "hum": 2}
    assert samples([u for u in listed if u.text == "_silence_"]) <= samples(
        read_datadir(data / "noise/test")
    )
    drawn = {u.id: u.text for u in listed if u.text != "_silence_"}
    assert drawn.items() < whole.items()
    assert sum(text in COMMANDS for text in drawn.values()) == 49
    # Of 18 + 44 other words each with the chance 79 / 10 / 62.
    assert 0 < sum(text == "_unknown_" for text in drawn.values()) < 20
    before = (data / "test_speechbrain/segments").read_text()
    prepare(corpus, data)
    assert (data / "test_speechbrain/segments").read_text() == before


def test_all_words(corpus: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    prepare(corpus, data)
    with pytest.raises(DataError, match=r"no training clips of zero, one, .*; choose --words"):
        prepare(corpus, data, TASKS["30"])
    for word in set(WORDS_V2) - set(COMMANDS) - set(OTHERS):
        for speaker in ("11111111", "22222222", "33333333"):
            add_clip(corpus, word, f"{speaker}_nohash_0.wav")
    write_lists(corpus, valid=SPEAKERS["valid"], test=SPEAKERS["test"])
    prepared = prepare(corpus, data, TASKS["35"])
    assert set(texts(data / "train")) == set(texts(data / "test")) == set(WORDS_V2)
    assert not (data / "test_tenth").exists()  # of the call before
    assert (data / "noise/train").is_dir()
    assert prepared.notes == []
    prepared = prepare(corpus, data, TASKS["30"])
    assert set(texts(data / "train")) == set(WORDS_V1)
    assert prepared.notes == [f"{corpus}: 15 clips of other words than the 30 words left out"]


def test_a_choice_of_words(corpus: Path, tmp_path: Path) -> None:
    prepare(corpus, tmp_path / "data", task_of_words("bed, yes"))
    assert texts(tmp_path / "data/test") == {"bed": 2, "yes": 1, "_unknown_": 13, "_silence_": 1}
    with pytest.raises(DataError, match=r"no training clips of lamp"):
        prepare(corpus, tmp_path / "data", task_of_words("yes,lamp"))
    with pytest.raises(DataError, match=r"--words: 'yes' is listed twice"):
        task_of_words("yes,no,yes")
    with pytest.raises(DataError, match=r"--words: a word is empty"):
        task_of_words("yes,")


def test_the_official_test_archive(corpus: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    add_clip(archive, "_silence_", "3.wav")
    add_clip(archive, "_unknown_", "bed_33333333_nohash_0.wav.wav")
    for word in COMMANDS:
        add_clip(archive, word, "33333333_nohash_1.wav")
    data = tmp_path / "data"
    prepare(corpus, data, test_archive=archive)
    assert texts(data / "test_archive") == dict.fromkeys((*COMMANDS, "_silence_", "_unknown_"), 1)
    ids = [u.id for u in read_datadir(data / "test_archive")]
    assert "33333333-bed-0" in ids and "33333333-yes-1" in ids and "noise_test-3" in ids
    assert "test_archive" in json.loads((data / "corpus.json").read_text())["tests"]
    with pytest.raises(DataError, match=r"tests the 12 classes, not yes against all other words"):
        prepare(corpus, data, task_of_words("yes"), test_archive=archive)
    add_clip(archive, "yes", "11111111_nohash_1.wav")
    with pytest.raises(DataError, match=r"train and test_archive share 1 speaker \(11111111\)"):
        prepare(corpus, data, test_archive=archive)
    with pytest.raises(DataError, match=r"expected folders of commands, _unknown_ and _silence_"):
        prepare(corpus, data, test_archive=tmp_path / "nowhere")


def test_an_excerpt_never_passes_for_the_corpus(corpus: Path, tmp_path: Path) -> None:
    prepared = prepare(corpus, tmp_path / "data")
    assert prepared.corpus == "tiny (32 + 16 + 16 clips), not the official corpus"
    facts = json.loads((tmp_path / "data/corpus.json").read_text())
    assert facts["corpus"] == prepared.corpus
    assert facts["task"] == "12 classes"
    assert list(facts["tests"]) == ["test", "test_tenth", "test_zeros", "test_speechbrain"]


def test_speakers_stand_in_one_part(corpus: Path, tmp_path: Path) -> None:
    add_clip(corpus, "yes", "33333333_nohash_9.wav")  # not listed: trains
    with pytest.raises(DataError, match=r"train and test share 1 speaker \(33333333\)"):
        prepare(corpus, tmp_path / "data")
    assert not (tmp_path / "data/train").exists()
    prepare(corpus, tmp_path / "data", allow_shared_speakers=True)
    assert texts(tmp_path / "data/train")["yes"] == 3


def test_odd_lists(corpus: Path, tmp_path: Path) -> None:
    valid, test = corpus / "validation_list.txt", corpus / "testing_list.txt"
    (corpus / "yes/22222222_nohash_0.wav").unlink()
    assert prepare(corpus, tmp_path / "data").notes == [
        f"{corpus}: 1 clips of its lists are missing, yes/22222222_nohash_0 first"
    ]
    test.write_text(test.read_text() + "bed/22222222_nohash_0.wav\n")
    with pytest.raises(DataError, match=r"testing_list\.txt: bed/2.*\.wav is in the other list"):
        prepare(corpus, tmp_path / "data")
    test.write_text("")
    with pytest.raises(DataError, match="none of its 63 clips is for test"):
        prepare(corpus, tmp_path / "data")
    valid.unlink()
    with pytest.raises(DataError, match=r"testing_list\.txt: stands alone"):
        prepare(corpus, tmp_path / "data")


def test_faults(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no WORD/SPEAKER_nohash_TAKE\.wav"):
        prepare(tmp_path / "nowhere", tmp_path / "data")
    add_clip(corpus, "yes", ".hidden.wav")
    add_clip(corpus, "yes", "hello.wav")
    with pytest.raises(DataError, match=r"hello\.wav: expected a name such as 0a7c2a8d_nohash_0"):
        prepare(corpus, tmp_path / "data")
    (corpus / "yes/hello.wav").unlink()
    write_wav(corpus / "_background_noise_" / "short.wav", np.full(4 * 16000, 0.1), 16000)
    with pytest.raises(DataError, match=r"short\.wav: has 4 s, expected 5 s or more"):
        prepare(corpus, tmp_path / "data")
    for path in (corpus / "_background_noise_").glob("*.wav"):
        path.unlink()
    with pytest.raises(DataError, match=r"_background_noise_: no noises there"):
        prepare(corpus, tmp_path / "data")


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "speechrnn.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_command_line(corpus: Path, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    arguments = ("prepare", "speech-commands", "--corpus", str(corpus), "--target", data)
    done = command(*arguments)
    assert done.returncode == 0, done.stderr
    assert "not the official corpus: 12 classes" in done.stdout
    assert f"{data}/test_zeros: 12 utterances" in done.stdout
    both = command(*arguments, "--task", "35", "--words", "yes")
    assert both.returncode == 2
    assert both.stderr == "speechrnn: --task and --words exclude each other; leave one out\n"


def test_real_recordings(shared_data: Path, tmp_path: Path) -> None:
    corpus = shared_data / "speech_commands_mini"
    prepared = prepare(corpus, tmp_path)
    assert prepared.corpus.startswith("speech_commands_mini (5,136 + 935 + 832 clips), not the")
    assert texts(tmp_path / "test")["_silence_"] == 76  # of 755 commands
    # Its test clips come from Google's own test list, which Google's function made.
    test = [u for u in read_datadir(tmp_path / "test") if u.text != "_silence_"]
    assert {part_of_speaker(u.speaker) for u in test} == {"test"}
