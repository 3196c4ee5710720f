"""What stands in for microphones: arrays, a sound library of our own, a sound server of our own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest

from speechrnn.live.block import Block

GUARD_S = 60  # until something that ought to have ended is ended


class Arrays:
    """A source that gives out what it was given, in blocks of 20 ms."""

    def __init__(self, *parts: np.ndarray | Block, sample_rate_hz: int = 16000) -> None:
        self.name = "arrays"
        self.sample_rate_hz = sample_rate_hz
        self.parts = parts

    def blocks(self) -> Iterator[Block]:
        step = self.sample_rate_hz // 50
        for part in self.parts:
            if isinstance(part, Block):
                yield part
                continue
            for begin in range(0, len(part), step):
                yield Block(part[begin : begin + step].astype(np.float32))


@pytest.fixture
def arrays() -> type[Arrays]:
    return Arrays


@pytest.fixture
def tone() -> Callable[..., np.ndarray]:
    """Makes (S,) samples of a tone."""

    def make(hz: float, seconds: float, gain: float = 0.3, rate_hz: int = 16000) -> np.ndarray:
        time_s = np.arange(round(seconds * rate_hz)) / rate_hz
        return (gain * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)

    return make


@pytest.fixture
def silence() -> Callable[..., np.ndarray]:
    """Makes (S,) samples of a quiet room."""

    def make(seconds: float, rate_hz: int = 16000) -> np.ndarray:
        random = np.random.default_rng(0)
        return (0.0005 * random.standard_normal(round(seconds * rate_hz))).astype(np.float32)

    return make


@pytest.fixture
def whistle_model(tone_model: Path, tmp_path: Path) -> Path:
    """`tone_model` with one word: to it, low tones are other words."""
    proto = onnx.load(tone_model)
    [entry] = proto.metadata_props
    tree = json.loads(entry.value)
    tree["labels"] = tree["symbols"] = ["high", "_unknown_", "_silence_"]
    entry.value = json.dumps(tree)
    path = tmp_path / "whistle.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


class PortAudioError(Exception):
    pass


class FakeSound(SimpleNamespace):
    """The part of sounddevice that is used, with devices of our own."""

    PortAudioError = PortAudioError

    def __init__(self) -> None:
        super().__init__(default=SimpleNamespace(device=(1, -1)), refusal=None, opened=[])
        self.devices = [
            {"name": "Speaker", "max_input_channels": 0, "default_samplerate": 48000.0},
            {"name": "Laptop  mic\n", "max_input_channels": 2, "default_samplerate": 48000.0},
            {"name": "USB mic", "max_input_channels": 1, "default_samplerate": 44100.0},
            {"name": "usb mic array", "max_input_channels": 8, "default_samplerate": 16000.0},
        ]

    def query_devices(self) -> list[dict[str, Any]]:
        return [{"index": i, "hostapi": 0, **device} for i, device in enumerate(self.devices)]

    def query_hostapis(self) -> list[dict[str, Any]]:
        return [{"name": "ALSA"}]

    def InputStream(self, **settings: Any) -> FakeStream:
        if self.refusal:
            raise PortAudioError(self.refusal)
        self.opened.append(FakeStream(settings))
        return self.opened[-1]


class FakeStream:
    """An open device, whose audio the test delivers."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.is_open = False
        self.time_s = 100.0

    def __enter__(self) -> FakeStream:
        self.is_open = True
        os.write(2, b"ALSA lib: nonsense\n")
        return self

    def __exit__(self, *_: object) -> None:
        self.is_open = False

    def deliver(self, wave: np.ndarray, *, after_s: float = 0.0, overflow: bool = False) -> None:
        self.time_s += after_s
        buffer = wave.astype(np.float32)[:, None].copy()
        self.settings["callback"](
            buffer,
            len(wave),
            SimpleNamespace(inputBufferAdcTime=self.time_s),
            SimpleNamespace(input_overflow=overflow),
        )
        buffer[:] = 9.0  # PortAudio uses its buffer again
        self.time_s += len(wave) / self.settings["samplerate"]

    def end(self) -> None:
        self.settings["finished_callback"]()


@pytest.fixture
def fake_sound(monkeypatch: pytest.MonkeyPatch) -> FakeSound:
    """Stands in for the module sounddevice."""
    sound = FakeSound()
    monkeypatch.setitem(sys.modules, "sounddevice", sound)
    return sound


class SoundServer:
    """A PulseAudio server of its own, with a sink that nobody hears and its monitor as microphone.

    ALSA's default device leads there in the environment `environment`.
    """

    def __init__(self, folder: Path) -> None:
        socket = folder / "native"
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_SERVER": f"unix:{socket}",
        }
        (folder / ".asoundrc").write_text(
            "pcm.!default { type pulse }\nctl.!default { type pulse }\npcm.pulse { type pulse }\n"
        )
        own = {key: text for key, text in self.environment.items() if key != "PULSE_SERVER"}
        self._process = subprocess.Popen(
            [
                *("pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--disable-shm=yes"),
                *("--exit-idle-time=-1", "--log-level=error"),
                *("-L", "module-null-sink sink_name=speaker rate=48000"),
                *("-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1"),
            ],
            env=own,
            stderr=subprocess.DEVNULL,
        )
        with guarded(self._process):
            while self._process.poll() is None and self._call("pactl", "info"):
                time.sleep(0.05)
        assert self._process.poll() is None, "PulseAudio did not start"

    def play(self, path: Path) -> None:
        """Play a file to its end."""
        assert self._call("paplay", str(path)) == 0

    def end(self) -> None:
        """End, as if the sound card were pulled out."""
        self._process.terminate()
        self._process.wait()

    def _call(self, *command: str) -> int:
        return subprocess.run(
            command,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=GUARD_S,
        ).returncode


@contextmanager
def guarded(*processes: subprocess.Popen[Any]) -> Iterator[None]:
    """End processes that take for ever."""
    timers = [threading.Timer(GUARD_S, process.kill) for process in processes]
    for timer in timers:
        timer.start()
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()


@pytest.fixture
def sound_server() -> Iterator[SoundServer]:
    """A sound server and what it needs; where that lacks, skips, or fails if told to."""
    lacking = [name for name in ("pulseaudio", "pactl", "paplay") if not shutil.which(name)]
    try:
        import sounddevice  # noqa: F401
    except OSError:
        lacking.append("PortAudio")
    if lacking:
        reason = f"no sound server to test with: {', '.join(lacking)} missing"
        if os.environ.get("SPEECHRNN_REQUIRE_SOUND"):
            pytest.fail(reason)
        pytest.skip(reason)
    # Not pytest's own folder: the path of a socket may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="sound") as folder:
        server = SoundServer(Path(folder))
        try:
            yield server
        finally:
            server.end()


class Program:
    """A speechrnn process that hears what a sound server plays."""

    def __init__(self, arguments: Sequence[str | Path], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "speechrnn.cli.main", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self.process.stdout and self.process.stderr
        self.out, self.err = self.process.stdout, self.process.stderr

    def interrupt(self) -> tuple[int, list[str], list[str]]:
        """Press Ctrl-C; gives exit code and the remaining lines of output and errors."""
        self.process.send_signal(signal.SIGINT)
        return self.rest()

    def rest(self) -> tuple[int, list[str], list[str]]:
        """Exit code and the remaining lines of output and errors."""
        out, err = self.process.communicate()
        return self.process.returncode, out.splitlines(), err.splitlines()


@pytest.fixture
def program(sound_server: SoundServer) -> Iterator[Callable[..., Program]]:
    """Starts speechrnn with some arguments; it does not outlive the test."""
    with ExitStack() as stack:

        def start(*arguments: str | Path) -> Program:
            started = Program(arguments, sound_server.environment)
            stack.enter_context(guarded(started.process))
            stack.callback(started.process.kill)
            return started

        yield start
