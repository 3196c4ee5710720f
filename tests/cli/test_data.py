"""The commands `data`, `prepare` and `download` as a user types them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from speechrnn.audio import write_wav
from speechrnn.cli import main
from speechrnn.corpora import fsdd, yesno
from speechrnn.datadir import Utterance, read_datadir, write_datadir


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Calls the program; gives exit code, standard output and standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["speechrnn", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main.run()
        printed = capsys.readouterr()
        return int(stop.value.code or 0), printed.out, printed.err

    return call


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Six utterances of three speakers, half a second each."""
    utterances = []
    for speaker in ("ann", "bob", "cid"):
        for word in ("no", "yes"):
            path = tmp_path / f"{speaker}-{word}.wav"
            write_wav(path, np.linspace(-0.5, 0.5, 4000), 8000)
            utterances.append(Utterance(path.stem, path, speaker, word, path.stem))
    write_datadir(tmp_path / "data", utterances)
    return tmp_path / "data"


def test_validate_a_good_directory(run, data: Path) -> None:
    facts = f"{data}: 6 utterances, 3 speakers, 2 different texts, 0.1 min\n"
    assert run("data", "validate", data) == (0, facts, "")
    assert run("data", "validate", data, data, "--headers-only") == (0, 2 * facts, "")


def test_validate_prints_every_fault_and_fails(run, data: Path) -> None:
    (data / "text").write_text("ann-no no\ncid-yes yes\n")
    (data / "spk2utt").unlink()
    code, out, err = run("data", "validate", data, data.parent / "nowhere")
    assert (code, err) == (2, "")
    lines = out.splitlines()
    assert sum("has no line in" in line for line in lines) == 4
    assert f"{data}: 5 faults" in lines
    assert f"{data.parent / 'nowhere'}: 1 fault" in lines


def test_fix_then_validate(run, data: Path) -> None:
    (data / "text").write_text("cid-yes yes\nann-no no\n")
    code, out, err = run("data", "fix", data)
    assert (code, err) == (0, "")
    assert out.count("dropped: ") == 4
    assert out.splitlines()[-1] == f"{data}: 2 utterances, 2 speakers, 2 different texts, 0.0 min"
    assert run("data", "validate", data)[0] == 0


def test_string(run, data: Path, tmp_path: Path) -> None:
    (tmp_path / "said.txt").write_text("yes no\n\nno no yes\n")
    target = tmp_path / "strings"
    code, out, err = run(
        *("data", "string", data, target, "--count", 2, "--sentences", tmp_path / "said.txt"),
        *("--gap-ms", 0, 50, "--gain-db", -20, 0),
    )
    assert (code, err) == (0, "")
    assert out.startswith(f"{target}: 6 strings of 15 words, 3 speakers, 0.1 min")
    assert sorted({string.text for string in read_datadir(target)}) == ["no no yes", "yes no"]
    code, out, err = run("data", "string", data, target, "--words", 7, 3)
    assert (code, out) == (2, "")
    assert "words is 7 to 3" in err and err.count("\n") == 1


def test_subset_combine_split(run, data: Path, tmp_path: Path) -> None:
    assert run("data", "subset", data, tmp_path / "one", "--speakers", "ann, bob")[0] == 0
    assert run("data", "subset", data, tmp_path / "two", "--words", "yes", "--count", 2)[0] == 0
    code, out, _ = run("data", "combine", tmp_path / "both", tmp_path / "one", tmp_path / "two")
    assert code == 0
    assert out.startswith(f"{tmp_path / 'both'}: ")
    code, out, _ = run("data", "split", data, tmp_path / "parts", "--parts", "train=2,test=1")
    assert code == 0
    assert out.splitlines()[0].startswith(f"{tmp_path / 'parts' / 'train'}: 4 utterances")
    assert {u.speaker for u in read_datadir(tmp_path / "parts" / "test")} < {"ann", "bob", "cid"}


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["split", "DATA", "OUT", "--parts", "a=1,b=1,c=1,d=1"], "3 speakers (ann, bob, cid)"),
        (["split", "DATA", "OUT", "--parts", "train"], "expected NAME=SHARE, got 'train'"),
        (["split", "DATA", "OUT", "--parts", "a=1,a=2"], "'a' stands there twice"),
        (["split", "DATA", "OUT", "--parts", "a=x"], "expected NAME=SHARE"),
        (["subset", "DATA", "OUT", "--speakers", "zoe"], "no speaker 'zoe'"),
        (["subset", "DATA", "OUT", "--count", "0"], "--count"),
        (["fix", "OUT"], "no such directory"),
        (["combine", "OUT"], "Missing argument"),
        (["explode"], "No such command 'explode'"),
    ],
)
def test_mistakes_are_one_line(run, data: Path, arguments: list[str], fault: str) -> None:
    places = {"DATA": data, "OUT": data.parent / "out"}
    code, out, err = run("data", *(places.get(word, word) for word in arguments))
    assert (code, out) == (2, "")
    assert fault in err
    assert err.count("\n") == 1
    assert not (data.parent / "out").exists()


def test_one_speaker_can_be_split_when_allowed(run, data: Path, tmp_path: Path) -> None:
    run("data", "subset", data, tmp_path / "ann", "--speakers", "ann")
    parts = ["data", "split", tmp_path / "ann", tmp_path / "parts", "--parts", "train=1,test=1"]
    code, _, err = run(*parts)
    assert code == 2
    assert "1 speaker (ann) cannot fill 2 parts" in err
    assert "--allow-shared-speakers" in err
    assert run(*parts, "--allow-shared-speakers")[0] == 0
    assert len(read_datadir(tmp_path / "parts" / "test")) == 1


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    (tmp_path / "fsdd" / "recordings").mkdir(parents=True)
    for speaker in ("ann", "bob"):
        for take in range(7):
            path = tmp_path / "fsdd" / "recordings" / f"3_{speaker}_{take}.wav"
            write_wav(path, np.full(800, 0.1), 8000)
    return tmp_path / "fsdd"


def test_prepare_fsdd(run, digits: Path, tmp_path: Path) -> None:
    target = tmp_path / "data"
    command = ["prepare", "fsdd", "--corpus", digits, "--target", target]
    assert run(*command) == (0, f"{target}: all, fold_ann, fold_bob\n", "")
    code, _, err = run(*command, "--protocol", "index")
    assert code == 2
    assert "train and test share 2 speakers (ann, bob)" in err
    assert run(*command, "--protocol", "index", "--allow-shared-speakers")[0] == 0
    assert len(read_datadir(target / "index" / "test")) == 10
    code, _, err = run("prepare", "fsdd", "--corpus", tmp_path, "--target", target)
    assert code == 2
    assert "speechrnn download fsdd" in err


def test_prepare_folder_tells_what_is_left_out(run, tmp_path: Path) -> None:
    for word in ("yes", "no"):
        (tmp_path / "words" / word).mkdir(parents=True)
        write_wav(tmp_path / "words" / word / "ann_1.wav", np.full(800, 0.1), 8000)
    command = ["prepare", "folder", "--corpus", tmp_path / "words", "--target", tmp_path / "data"]
    code, _, err = run(*command)
    assert code == 2
    assert "--speaker-pattern" in err
    command += ["--speaker-pattern", "{speaker}_*"]
    assert run(*command) == (0, f"{tmp_path / 'data' / 'all'}: 2 utterances\n", "")
    (tmp_path / "words" / "yes" / "ann_2.wav").write_text("not audio")
    code, out, err = run(*command)
    assert code == 2
    assert out == f"{tmp_path / 'data' / 'all'}: 2 utterances, 1 left out\n"
    assert err.startswith("left out: ")
    assert err.count("\n") == 1


def test_download_fsdd(run, digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = run("download", "fsdd", "--target", digits)
    assert code == 2
    assert "14 recordings have the checksum" in err
    monkeypatch.setattr(fsdd, "DIGEST", fsdd.digest(digits))
    assert run("download", "fsdd", "--target", digits) == (0, f"{digits}\n", "")


def test_yesno(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, target = tmp_path / "waves_yesno", tmp_path / "data"
    corpus.mkdir()
    for name in ("0_1", "1_0", "1_1"):
        write_wav(corpus / f"{name}.wav", np.full(800, 0.1), 8000)
    command = ["prepare", "yesno", "--corpus", corpus, "--target", target]
    code, _, err = run(*command)
    assert code == 2
    assert "share 1 speaker (global)" in err and err.count("\n") == 1
    code, out, _ = run(*command, "--allow-shared-speakers")
    assert (code, out) == (
        0,
        f"{target / 'train'}: 2 utterances\n{target / 'test'}: 1 utterances\n",
    )
    code, _, err = run("download", "yesno", "--target", corpus)
    assert code == 2
    assert "3 recordings have the checksum" in err
    monkeypatch.setattr(yesno, "DIGEST", yesno.digest(corpus))
    assert run("download", "yesno", "--target", corpus) == (0, f"{corpus}\n", "")


@pytest.mark.parametrize("command", ["validate", "fix"])
def test_ctrl_c_ends_with_one_line_and_changes_nothing(data: Path, command: str) -> None:
    recording = data.parent / "ann-yes.wav"
    recording.unlink()
    os.mkfifo(recording)  # on which the program waits until it is interrupted
    before = {path.name: path.read_bytes() for path in data.iterdir()}
    process = subprocess.Popen(
        [sys.executable, "-m", "speechrnn.cli.main", "data", command, str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with open(recording, "wb"):  # opens when the program does
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err) == ("", "speechrnn: interrupted\n")
    assert {path.name: path.read_bytes() for path in data.iterdir()} == before
