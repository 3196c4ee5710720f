"""The whole way: what a sound server plays, a real process hears through PortAudio."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.datadir import read_datadir, validate_datadir

RATE_HZ = 16000
GAP_S = 1.5
WORD_S = 0.5


@pytest.fixture
def recording(tone, tmp_path: Path) -> Callable[..., Path]:
    """Writes a WAV file of words, with a pause around each."""

    def write(*words: str, gain: float = 0.3) -> Path:
        gap = np.zeros(round(GAP_S * RATE_HZ), np.float32)
        parts = [gap]
        for word in words:
            parts += [tone({"high": 3000, "low": 300}[word], WORD_S, gain), gap]
        path = tmp_path / f"{'-'.join(words)}-{gain}.wav"
        soundfile.write(path, np.concatenate(parts), RATE_HZ)
        return path

    return write


def listening(program: Callable, *arguments: str | Path):
    """A process that hears the sound server's microphone already."""
    started = program("listen", "--device", "pulse", "--json", *arguments)
    assert started.err.readline().startswith("speechrnn: listening to pulse at ")
    return started


def test_words_that_are_played_are_heard_with_their_times(
    program, sound_server, recording, tone_model: Path
) -> None:
    listen = listening(program, "--model", tone_model)
    sound_server.play(recording("low", "high", "low"))
    events = [json.loads(listen.out.readline()) for _ in range(3)]
    code, out, err = listen.interrupt()
    assert (code, out) == (0, [])
    assert "heard 3 words (low 2, high 1)" in err[-1]
    assert [event["word"] for event in events] == ["low", "high", "low"]
    for event in events:
        assert set(event) == {"word", "confidence", "start_s", "end_s", "latency_s"}
        assert event["confidence"] >= 0.5
        assert 0 < event["start_s"] < event["end_s"] <= event["start_s"] + WORD_S + 0.1
        assert 0 <= event["latency_s"] < 1
    starts = np.diff([event["start_s"] for event in events])
    np.testing.assert_allclose(starts, GAP_S + WORD_S, atol=0.1)


def test_what_may_still_change_is_heard_as_it_is_played(
    program, sound_server, recording, tone_reader: Path
) -> None:
    listen = listening(program, "--model", tone_reader, "--partial")
    sound_server.play(recording("low", "high"))
    lines = [json.loads(listen.out.readline()) for _ in range(4)]
    code, out, err = listen.interrupt()
    assert (code, out) == (0, [])
    assert "heard 2 words (low 1, high 1)" in err[-1]
    assert lines[::2] == [{"partial": word, "changed": False} for word in ("low", "high")]
    assert [event["word"] for event in lines[1::2]] == ["low", "high"]


def test_other_words_are_not_reported(
    program, sound_server, recording, whistle_model: Path
) -> None:
    listen = listening(program, "--model", whistle_model)
    sound_server.play(recording("low", "high", "low", "high"))
    events = [json.loads(listen.out.readline()) for _ in range(2)]
    code, out, _ = listen.interrupt()
    assert (code, out) == (0, [])
    assert [event["word"] for event in events] == ["high", "high"]
    apart_s = events[1]["start_s"] - events[0]["start_s"]
    assert apart_s == pytest.approx(2 * (GAP_S + WORD_S), abs=0.1)


def test_a_word_starts_a_program(
    program, sound_server, recording, tone_model: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "a mark"
    listen = listening(
        program, "--model", tone_model, "--on", f"high=touch '{mark}'", "--on", "low=false"
    )
    sound_server.play(recording("low", "high"))
    assert listen.err.readline() == "speechrnn: low: 'false' failed with exit code 1\n"
    assert [json.loads(listen.out.readline())["word"] for _ in range(2)] == ["low", "high"]
    code, _, _ = listen.interrupt()
    assert code == 0
    assert mark.exists()


def test_a_muted_microphone_is_said_once_and_heard_on(
    program, sound_server, recording, tone_model: Path
) -> None:
    listen = listening(program, "--model", tone_model)
    muted = listen.err.readline()
    assert muted.startswith("speechrnn: microphone 'pulse' delivers only zeros: unmute it")
    sound_server.play(recording("high"))
    assert json.loads(listen.out.readline())["word"] == "high"
    code, _, err = listen.interrupt()
    assert code == 0
    assert len(err) == 1 and "heard 1 word" in err[0]


def test_a_microphone_that_is_pulled_out_is_one_line(
    program, sound_server, tone_model: Path
) -> None:
    listen = listening(program, "--model", tone_model)
    sound_server.end()
    code, out, err = listen.rest()
    assert (code, out) == (2, [])
    assert [line for line in err if "only zeros" not in line] == [
        "speechrnn: microphone 'pulse' is gone: it was unplugged, or its sound server ended; "
        "connect it and start again"
    ]


def test_the_microphone_is_listed(program) -> None:
    code, out, err = program("devices", "--json").rest()
    assert (code, err) == (0, [])
    devices = [json.loads(line) for line in out]
    [pulse] = [device for device in devices if device["name"] == "pulse"]
    assert pulse["channels"] > 0 and pulse["sample_rate_hz"] > 0
    assert sum(device["is_default"] for device in devices) == 1
    code, out, _ = program("devices").rest()
    assert code == 0
    [line] = [line for line in out if line.strip(" *").startswith(f"{pulse['index']} ")]
    assert "pulse" in line and f"{pulse['sample_rate_hz']} Hz" in line


def test_people_record_words_one_after_the_other(
    program, sound_server, recording, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    record = program(
        *("record", "lights on", "stop", "--device", "pulse"),
        *("--out", folder, "--speaker", "Ann B", "--takes", "1"),
    )
    first = line_with("say:", record)
    assert first in ("1/2 say: lights on", "1/2 say: stop")
    sound_server.play(recording("high", gain=2.0))
    line_with("not kept: clipped", record)
    assert line_with("say:", record) == first
    sound_server.play(recording("high"))
    line_with(": kept as Ann_B-", record)
    assert line_with("say:", record).startswith("2/2 say: ")
    sound_server.play(recording("low"))
    code, out, err = record.rest()
    assert (code, err) == (0, [])
    assert out[-1] == f"{folder}: 2 takes recorded, 2 utterances of 1 speaker in all"
    assert sorted(u.text for u in read_datadir(folder)) == ["lights on", "stop"]

    record = program(
        "record", "stop", "--device", "pulse", "--out", folder, "--speaker", "bob", "--takes", "2"
    )
    assert line_with("say:", record) == "1/2 say: stop"
    sound_server.play(recording("low"))
    line_with("stop: kept as bob-stop-001.wav", record)
    code, out, err = record.interrupt()
    assert (code, err) == (130, ["speechrnn: interrupted"])
    assert out[-1] == f"{folder}: 1 take recorded, 3 utterances of 2 speakers in all"

    utterances = read_datadir(folder)
    assert [(u.id, u.text) for u in utterances] == [
        ("Ann_B-lights_on-001", "lights on"),
        ("Ann_B-stop-001", "stop"),
        ("bob-stop-001", "stop"),
    ]
    for utterance in utterances:
        info = soundfile.info(utterance.wav)
        assert (info.samplerate, info.channels, info.subtype) == (RATE_HZ, 1, "PCM_16")
        assert info.duration == pytest.approx(WORD_S + 0.3, abs=0.05)
    assert validate_datadir(folder) == []


def line_with(text: str, record) -> str:
    """The next line of output with this text; others are notices."""
    while text not in (line := record.out.readline()):
        assert line, f"ended without {text!r}"
    return line.strip()
