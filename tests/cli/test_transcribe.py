from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.cli import main
from speechrnn.cli.listing import Listing
from speechrnn.runtime.clock import clock
from speechrnn.runtime.transcript import Alternative, Segment, Transcript

RATE_HZ = 16000
COMMAND = [sys.executable, "-m", "speechrnn.cli.main", "transcribe"]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """high.wav, low.wav and long.flac, which says low high; below a folder with other files."""
    root = tmp_path_factory.mktemp("recordings")
    time_s = np.arange(8000) / RATE_HZ
    tones = {word: 0.3 * np.sin(2 * np.pi * hz * time_s) for word, hz in _TONES_HZ.items()}
    gap = np.zeros(12000)
    (root / "b").mkdir()
    soundfile.write(root / "high.wav", tones["high"], RATE_HZ)
    soundfile.write(root / "b" / "low.WAV", tones["low"], RATE_HZ, format="WAV")
    long = np.concatenate([gap, tones["low"], gap, tones["high"], gap])
    soundfile.write(root / "b" / "long.flac", long, RATE_HZ)
    (root / "b" / "notes.txt").write_text("no audio")
    return root


_TONES_HZ = {"high": 3000, "low": 300}


@pytest.fixture
def transcribe(tone_model: Path, monkeypatch, capsys):
    """Run the command in this process; gives exit code, lines out, lines err."""

    def run(*arguments: str | Path) -> tuple[int, list[str], list[str]]:
        command = ["speechrnn", "transcribe", *map(str, arguments), "--model", str(tone_model)]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as stop:
            main.run()
        printed = capsys.readouterr()
        return stop.value.code, printed.out.splitlines(), printed.err.splitlines()

    return run


def test_a_clip_is_a_line_of_path_confidence_and_text(transcribe, recordings: Path) -> None:
    code, out, err = transcribe(recordings / "high.wav")
    assert (code, err) == (0, [])
    [line] = out
    path, confidence, text = line.split()
    assert (path, text) == (str(recordings / "high.wav"), "high")
    assert confidence.endswith("%") and float(confidence[:-1]) > 90


def test_a_long_recording_shows_its_words_with_times(transcribe, recordings: Path) -> None:
    _, out, _ = transcribe(recordings / "b" / "long.flac")
    assert out[0].endswith("low high")
    assert [line.split()[-1] for line in out[1:]] == ["low", "high"]
    assert re.match(r" +0:00:00\.7\d - 0:00:01\.2\d +[\d.]+%  low", out[1])


def test_json_has_one_object_a_line(transcribe, recordings: Path) -> None:
    path = recordings / "b" / "long.flac"
    code, out, _ = transcribe(path, recordings / "high.wav", "--json")
    assert code == 0
    long, clip = map(json.loads, out)
    keys = {"path", "text", "confidence", "alternatives", "duration_s", "segments"}
    assert set(long) == set(clip) == keys
    assert (long["path"], long["text"]) == (str(path), "low high")
    assert long["duration_s"] == 3.25
    assert set(long["segments"][0]) == {"word", "start_s", "end_s", "confidence"}
    assert long["segments"][1]["start_s"] == pytest.approx(2.0, abs=0.03)
    assert clip["segments"] == [
        {"word": "high", "start_s": 0.0, "end_s": 0.5, "confidence": clip["confidence"]}
    ]
    assert clip["alternatives"][0] == {"word": "high", "confidence": clip["confidence"]}


def test_a_folder_gives_the_recordings_below_it_sorted(transcribe, recordings: Path) -> None:
    code, out, err = transcribe(recordings, "--json")
    assert (code, err) == (0, [])
    names = [str(Path(json.loads(line)["path"]).relative_to(recordings)) for line in out]
    assert names == ["b/long.flac", "b/low.WAV", "high.wav"]


def test_bad_files_are_named_and_the_others_still_done(
    transcribe, recordings: Path, tmp_path: Path
) -> None:
    text, cut, gone = tmp_path / "text.wav", tmp_path / "cut.wav", tmp_path / "gone.wav"
    text.write_text("these are words, but no audio\n" * 50)
    whole = (recordings / "high.wav").read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    empty = tmp_path / "folder"
    empty.mkdir()
    high = recordings / "high.wav"
    code, out, err = transcribe(text, high, cut, gone, empty, high, "--json")
    assert code == 2
    assert [json.loads(line)["text"] for line in out] == ["high", "high"]
    assert len(err) == 4
    for path in (text, cut, gone, empty):
        [line] = [line for line in err if str(path) in line]
        assert line.startswith("speechrnn: ")
    code, out, err = transcribe(cut, "--allow-truncated", "--json")
    assert (code, err) == (0, [])
    assert json.loads(out[0])["duration_s"] == pytest.approx(0.25, abs=0.01)


def test_standard_input_is_a_wav(recordings: Path, tone_model: Path) -> None:
    with open(recordings / "high.wav", "rb") as wav:
        done = subprocess.run(
            [*COMMAND, "-", "--model", tone_model, "--json"], stdin=wav, capture_output=True
        )
    record = json.loads(done.stdout)
    assert (record["path"], record["text"]) == ("-", "high")
    assert (done.returncode, done.stderr) == (0, b"")


def test_broken_standard_input_is_a_fault(tone_model: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "-", "--model", tone_model], input=b"no audio", capture_output=True
    )
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1


def test_a_closed_pipe_is_silent(recordings: Path, tone_model: Path) -> None:
    files = [recordings / "high.wav"] * 200
    process = subprocess.Popen(
        [*COMMAND, *files, "--model", tone_model], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout and process.stderr
    first = process.stdout.readline()
    process.stdout.close()
    assert first.endswith(b"high\n")
    assert process.stderr.read() == b""
    assert process.wait() != 0


def test_lines_come_as_they_are_made_and_ctrl_c_keeps_them(
    recordings: Path, tone_model: Path, tmp_path: Path
) -> None:
    pipe = tmp_path / "endless.wav"
    os.mkfifo(pipe)  # nobody writes into it, so the program waits there
    process = subprocess.Popen(
        [*COMMAND, recordings / "high.wav", pipe, "--model", tone_model],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline().endswith(b"high\n")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, b"")
    assert err == b"speechrnn: interrupted\n"


def test_recognition_imports_neither_torch_nor_what_only_training_needs(
    recordings: Path, tone_model: Path
) -> None:
    arguments = ["speechrnn", "transcribe", str(recordings), "--model", str(tone_model), "--json"]
    code = (
        f"import sys; sys.argv = {arguments!r}\n"
        "from speechrnn.cli.main import run\n"
        "try:\n run()\nexcept SystemExit:\n pass\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *lines, modules = done.stdout.splitlines()
    assert len(lines) == 3
    heavy = {"torch", "torchaudio", "librosa", "scipy", "matplotlib", "onnx", "yaml", "rich"}
    assert not heavy & set(modules.split())


def test_a_terminal_gets_lines_that_fit(monkeypatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    path = "/a/rather/long/path/to/a/recording/that/lies/deep/in/some/folder.wav"
    words = tuple(Segment("seven", i, i + 0.5, 0.9) for i in range(40))
    transcript = Transcript(" ".join(["seven"] * 40), 0.9, (), 40.0, words)
    lines = Listing([path, "short.wav"]).entry(path, transcript).splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert "folder.wav" in lines[0] and lines[0].startswith("…")
    assert " ".join(lines).count("seven") == 80  # in the text and again with times


def test_a_pipe_gets_whole_paths_and_texts() -> None:
    path = "/a/rather/long/path" * 20 + ".wav"
    transcript = Transcript("", 0.8, (Alternative("_silence_", 0.8),), 1.0, ())
    assert Listing([path]).entry(path, transcript) == f"{path}   80.0%  (no word)"


def test_clock_counts_hours() -> None:
    assert clock(0) == "0:00:00.00"
    assert clock(59.999) == "0:01:00.00"
    assert clock(3 * 3600 + 61.25) == "3:01:01.25"


def test_standard_input_that_is_a_terminal_is_refused(tone_model: Path) -> None:
    master, terminal = pty.openpty()
    try:
        done = subprocess.run(
            [*COMMAND, "-", "--model", tone_model], stdin=terminal, capture_output=True
        )
    finally:
        os.close(master)
        os.close(terminal)
    assert done.returncode == 2
    assert b"is a terminal; pipe" in done.stderr
