from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

COMMAND = [sys.executable, "-m", "speechrnn.cli.main"]
GUARD_S = 60


def write(
    path: Path, *words: str, rate_hz: int = 16000, channels: int = 1, gap_s: float = 1.0
) -> Path:
    """Tones with silence before each; stops soon after the last."""
    time_s = np.arange(rate_hz // 2) / rate_hz
    parts = []
    for word in words:
        hz = {"high": 3000, "low": 300}[word]
        parts += [np.zeros(round(gap_s * rate_hz)), 0.3 * np.sin(2 * np.pi * hz * time_s)]
    wave = np.concatenate([*parts, np.zeros(rate_hz // 2)])
    soundfile.write(path, np.repeat(wave[:, None], channels, axis=1), rate_hz)
    return path


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Says low high, in stereo at 44.1 kHz."""
    path = tmp_path_factory.mktemp("recording") / "two.flac"
    return write(path, "low", "high", rate_hz=44100, channels=2)


@pytest.fixture(scope="module")
def long_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Says high, and then much that no test waits for."""
    path = tmp_path_factory.mktemp("recording") / "long.wav"
    return write(path, "high", *["low"] * 100)


@contextmanager
def started(*arguments: str | Path, **settings: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not outlive the block."""
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
    process = subprocess.Popen([*COMMAND, *map(str, arguments)], **settings)
    guard = threading.Timer(GUARD_S, process.kill)
    guard.start()
    try:
        yield process
    finally:
        guard.cancel()
        process.kill()
        process.wait()


def test_a_file_is_heard_word_by_word(speechrnn, recording: Path, tone_model: Path) -> None:
    code, out, err = speechrnn("listen", "--model", tone_model, "--input", recording)
    assert code == 0
    assert [line.split()[-1] for line in out] == ["low", "high"]
    assert re.fullmatch(r"0:00:0[01]\.\d\d +\d+\.\d%  low", out[0])
    first, last = err
    assert re.fullmatch(
        r"speechrnn: listening to two\.flac at 44100 Hz, latency 0\.\d\d s, not calibrated; "
        r"Ctrl-C ends",
        first,
    )
    assert last == "speechrnn: listened for 0:00:03.50, heard 2 words (low 1, high 1)"


def test_json_is_one_event_a_line_and_nothing_else(
    speechrnn, recording: Path, tone_model: Path
) -> None:
    arguments = ("listen", "--model", tone_model, "--input", recording, "--json")
    code, out, _ = speechrnn(*arguments, "--chunk-ms", "80", "--look-ahead-ms", "40")
    assert code == 0
    events = [json.loads(line) for line in out]
    assert [event["word"] for event in events] == ["low", "high"]
    for event, start_s in zip(events, (1.0, 2.5), strict=True):
        assert set(event) == {"word", "confidence", "start_s", "end_s", "latency_s"}
        assert event["start_s"] == pytest.approx(start_s, abs=0.1)


def test_what_may_still_change_comes_before_what_is_certain(
    speechrnn, recording: Path, tone_reader: Path
) -> None:
    arguments = ("listen", "--model", tone_reader, "--input", recording, "--json")
    code, out, _ = speechrnn(*arguments, "--partial")
    assert code == 0
    lines = [json.loads(line) for line in out]
    assert lines[::2] == [{"partial": word, "changed": False} for word in ("low", "high")]
    assert [event["word"] for event in lines[1::2]] == ["low", "high"]
    assert [json.loads(line) for line in speechrnn(*arguments)[1]] == lines[1::2]


def test_a_sentence_grows_word_by_word(speechrnn, tone_reader: Path, tmp_path: Path) -> None:
    spoken = write(tmp_path / "call.wav", "low", "high", "low", gap_s=0.2)
    (tmp_path / "call.txt").write_text("intent call: low {tone}{2}\ntone: 1 = high | 2 = low\n")
    arguments = ("listen", "--model", tone_reader, "--input", spoken)
    grammar = ("--grammar", tmp_path / "call.txt")
    code, out, _ = speechrnn(*arguments, *grammar, "--json", "--partial")
    assert code == 0
    *lines, sentence = map(json.loads, out)
    assert [line["partial"] for line in lines] == ["low", "low high", "low high low"]
    assert not any(line["changed"] for line in lines)
    assert sentence["word"] == "low high low" and sentence["slots"] == {"tone": ["1", "2"]}
    [line] = speechrnn(*arguments, *grammar)[1]
    assert line.endswith("%  low high low  [call: tone 1 2]")


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("tone_reader", [], "--partial goes with --json"),
        ("tone_model", ["--json"], "hears single words, all certain"),
    ],
)
def test_where_nothing_changes_or_is_read_partial_is_an_error(
    speechrnn, recording: Path, request, model: str, options: list[str], message: str
) -> None:
    path = request.getfixturevalue(model)
    arguments = ("listen", "--model", path, "--input", recording, "--partial", *options)
    code, out, [line] = speechrnn(*arguments)
    assert (code, out) == (2, []) and message in line


def test_words_run_programs_whose_output_is_no_event(recording: Path, tone_model: Path) -> None:
    arguments = ("listen", "--model", tone_model, "--input", recording, "--json")
    options = ("--on", "low=echo it is '$HOME'", "--on", "high=sh -c 'exit 3'")
    with started(*arguments, *options) as process:
        out, err = process.communicate()
    assert process.returncode == 0
    assert [json.loads(line)["word"] for line in out.splitlines()] == ["low", "high"]
    lines = err.decode().splitlines()
    assert "it is $HOME" in lines
    assert "speechrnn: high: 'sh' failed with exit code 3" in lines


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--on", "loud=beep"], "unknown word 'loud'; known: high, low"),
        (["--on", "high"], "expected WORD="),
        (["--device", "x"], "--input and --device exclude each other"),
        (["--look-ahead-ms", "-1"], "look_ahead_ms is -1"),
        (["--model", "gone.onnx"], "gone.onnx: no model there"),
        (["--input", "gone.wav"], "gone.wav: No such file"),
    ],
)
def test_wrong_options_are_one_line(
    speechrnn, recording: Path, tone_model: Path, arguments: list[str], message: str
) -> None:
    code, out, err = speechrnn("listen", "--model", tone_model, "--input", recording, *arguments)
    assert (code, out) == (2, [])
    [line] = err
    assert line.startswith("speechrnn: ") and message in line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_listening_in_order(
    long_recording: Path, tone_model: Path, number: signal.Signals
) -> None:
    arguments = ("listen", "--model", tone_model, "--input", long_recording)
    with started(*arguments) as process:
        assert process.stdout and process.stdout.readline().endswith(b"high\n")
        process.send_signal(number)
        _, err = process.communicate()
    assert process.returncode == 0
    assert re.fullmatch(
        rb"listened for 0:00:0\d\.\d\d, heard 1 word \(high 1\)", err.splitlines()[-1][11:]
    )


def test_whoever_reads_one_event_need_not_wait_for_the_next(
    long_recording: Path, tone_model: Path
) -> None:
    """As in `speechrnn listen --json | head -1`."""
    with started("listen", "--model", tone_model, "--input", long_recording, "--json") as process:
        assert process.stdout and process.stderr
        assert json.loads(process.stdout.readline())["word"] == "high"
        process.stdout.close()
        err = process.stderr.read().splitlines()
        assert process.wait() == 141
    assert len(err) == 1 and b"listening to" in err[0]


def terminal_page(
    arguments: list[str | Path], marks: list[bytes], size: tuple[int, int] = (24, 80)
) -> tuple[int, bytes]:
    """Run in a terminal until each mark was seen in turn, then press Ctrl-C."""
    person, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
    environment["TERM"] = "xterm-256color"
    with started(
        *arguments,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment,
        start_new_session=True,
        preexec_fn=lambda: _own_terminal(terminal),
    ) as process:
        os.close(terminal)
        page, seen = b"", 0
        while True:
            try:
                page += os.read(person, 1 << 16)
            except OSError:  # the other side is closed
                break
            while marks and (at := page.find(marks[0], seen)) >= 0:
                seen = at
                marks = marks[1:]
                if not marks:
                    os.write(person, b"\x03")
        code = process.wait()
    os.close(person)
    return code, page


def _own_terminal(terminal: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


@pytest.mark.parametrize("size", [(24, 80), (50, 200), (3, 8)])
def test_the_view_fills_the_terminal_and_gives_it_back(
    long_recording: Path, tone_model: Path, size: tuple[int, int]
) -> None:
    marks = [b"\x1b[?1049h", "│".encode() if size[0] < 24 else b"\xe2\x95\xb0high"]
    arguments = ["listen", "--model", tone_model, "--input", long_recording]
    code, page = terminal_page(arguments, marks, size)
    assert code == 0
    _, _, after = page.rpartition(b"\x1b[?1049l")
    assert b"\x1b[?25h" in page[page.rindex(b"\x1b[?25l") :]  # the cursor is back
    assert b"Traceback" not in page
    assert b"speechrnn: listened for" in after


def test_the_view_shows_what_may_still_change(tone_reader: Path, long_recording: Path) -> None:
    arguments = ["listen", "--model", tone_reader, "--input", long_recording]
    marks = [b" hearing  ", "high…".encode(), b"\xe2\x95\xb0high"]
    code, page = terminal_page(arguments, marks)
    assert code == 0 and b"Traceback" not in page
    assert re.search("\x1b\\[2;3mhigh…".encode(), page)  # dim and italic


def test_a_dumb_terminal_gets_lines(recording: Path, tone_model: Path) -> None:
    person, terminal = pty.openpty()
    arguments = ("listen", "--model", tone_model, "--input", recording)
    environment = {**os.environ, "TERM": "dumb"}
    with started(*arguments, stdout=terminal, stderr=terminal, env=environment) as process:
        os.close(terminal)
        page = b""
        while b"listened for" not in page:
            page += os.read(person, 1 << 16)
        assert process.wait() == 0
    os.close(person)
    assert b"\x1b" not in page and b"low\r\n" in page


@pytest.mark.parametrize(
    "arguments",
    [
        ["devices"],
        ["listen", "--model", "MODEL"],
        ["record", "yes", "--out", "OUT", "--speaker", "a"],
    ],
)
def test_a_missing_library_is_one_line_with_the_remedy(
    tone_model: Path, tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    places = {"MODEL": str(tone_model), "OUT": str(tmp_path / "out")}
    done = subprocess.run(
        [*COMMAND, *(places.get(argument, argument) for argument in arguments)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("speechrnn: the PortAudio library is missing")
    assert "libportaudio2" in line
    assert not (tmp_path / "out").exists()


def test_listening_loads_nothing_heavy(recording: Path, tone_model: Path) -> None:
    arguments = ["speechrnn", "listen", "--model", str(tone_model), "--input", str(recording)]
    code = (
        f"import sys; sys.argv = {arguments!r}\n"
        "from speechrnn.cli.main import run\n"
        "try:\n run()\nexcept SystemExit:\n pass\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "speechrnn.live.session" in loaded
    heavy = {"torch", "torchaudio", "librosa", "scipy", "matplotlib", "onnx", "rich", "sounddevice"}
    assert not heavy & loaded
