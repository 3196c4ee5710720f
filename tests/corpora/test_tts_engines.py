import ctypes.util
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from speechrnn.corpora.tts import espeak, festival, flite, pool, worker
from speechrnn.corpora.tts.pool import Pool
from speechrnn.corpora.tts.prompt import Prompt, Voice
from speechrnn.errors import DataError

needs_espeak = pytest.mark.skipif(
    importlib.util.find_spec("espeakng_loader") is None, reason="needs the extra tts"
)
EXTERNAL = [
    pytest.param(
        engine,
        voice,
        marks=pytest.mark.skipif(shutil.which(engine) is None, reason=f"needs {engine}"),
    )
    for engine, voice in (("flite", "kal16"), ("festival", "kal_diphone"))
]


def speak(*prompts):
    return Pool(1).speak(prompts)


def test_without_espeak_the_fault_names_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    with pytest.raises(DataError, match=r"needs espeak-ng; pip install 'speechrnn\[tts\]'"):
        espeak.Espeak()


def test_programs_that_are_not_installed_have_no_voices(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert flite.voices() == []
    assert festival.voices() == []


@needs_espeak
def test_voices_and_phonemes():
    with Pool(1) as workers:
        (voices,) = workers.ask({"ask": "voices"})
        assert {"en", "en-us"} <= set(voices["accents"])
        assert "en-shaw" not in voices["accents"]
        assert {"f1", "m1"} <= set(voices["variants"])
        request = {"ask": "phonemes", "texts": ["two", "..."], "accents": ["en-us"]}
        assert workers.ask(request) == [[["t", "'u:"]], [[]]]


@needs_espeak
@pytest.mark.parametrize("voice", ["en-us+nobody", "en-xx"])
def test_a_voice_that_is_not_there_is_refused(voice):
    """espeak-ng takes `en-us+nobody` without a word and speaks with another throat."""
    with pytest.raises(DataError, match=r"no (variant 'nobody'|voice 'en-xx')"):
        speak(Prompt("", "yes", "espeak", voice))


@needs_espeak
def test_another_language_says_english_words_in_its_own_sounds():
    """A phoneme that the language lacks cuts the rest of the word off, so it must be replaced."""
    engine = espeak.Espeak()
    assert "de" in engine.foreign_accents()
    assert engine._in_sounds_of("de", "up") == "[['ap]]"
    assert engine._in_sounds_of("de", "lights on") == "[[l'aIts]] [['On]]"
    assert engine._in_sounds_of("hu", "five") == "[[f'aiv]]"
    english, german = speak(
        Prompt("", "seven", "espeak", "en-us"), Prompt("", "seven", "espeak", "de+f3")
    )
    assert 0.6 * english < german < 1.6 * english


@needs_espeak
def test_what_cannot_be_spoken_becomes_no_samples():
    assert speak(Prompt("", "...", "espeak", "en-us")) == [0]


@needs_espeak
def test_settings_do_not_leak_into_the_next_utterance(tmp_path):
    plain = Prompt(str(tmp_path / "plain.wav"), "yes", "espeak", "en-us", 165, 50, 50, 80)
    alone = speak(plain)
    slow = Prompt("", "yes", "espeak", "en-us", 110, 20, 90, 100)
    after = speak(slow, plain)
    assert after[0] > 1.2 * after[1]
    assert abs(after[1] - alone[0]) < 80  # 5 ms; pitch flutter goes on where it was


@pytest.mark.parametrize(("engine", "voice"), EXTERNAL)
def test_other_engines_take_pace_and_pitch(engine, voice, tmp_path):
    low, high = str(tmp_path / "low.wav"), str(tmp_path / "high.wav")
    slow, fast = speak(
        Prompt(low, "seven", engine, voice, rate_wpm=120, pitch=30),
        Prompt(high, "seven", engine, voice, rate_wpm=210, pitch=75),
    )
    assert slow > 1.3 * fast > 1600
    assert _pitch_hz(high) > 1.3 * _pitch_hz(low)


@pytest.mark.parametrize(("engine", "voice"), EXTERNAL)
def test_text_is_spoken_not_run(engine, voice, tmp_path):
    """A quotation mark in the word must not end the Scheme string that festival reads."""
    trap = f'yes") (system "touch {tmp_path}/trap") (print "'
    speak(Prompt("", trap, engine, voice), Prompt("", "$(touch trap)", engine, voice))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(shutil.which("festival") is None, reason="needs festival")
def test_a_text_that_crashes_festival_leaves_the_batch_unharmed():
    voice = festival.voices()[0]
    assert voice in {"cmu_us_slt_arctic_hts", "kal_diphone", "ked_diphone"}
    made = speak(*[Prompt("", text, "festival", "kal_diphone") for text in ("yes", "...", "no")])
    assert made[1] == 0
    assert made[0] > 0
    assert made[2] > 0


def test_trim_leaves_the_margin_and_drops_what_is_no_sound():
    rate = worker.SAMPLE_RATE_HZ
    tone = np.sin(np.arange(rate // 2) * 0.3).astype(np.float32)
    wave = np.concatenate([np.zeros(3000, np.float32), tone, np.zeros(9000, np.float32)])
    trimmed = worker.trim(wave, 25.0, 45.0)
    assert abs(len(trimmed) - (len(tone) + 2 * 400)) <= 2  # the tone starts at its zero crossing
    assert len(worker.trim(np.zeros(rate, np.float32), 25.0, 45.0)) == 0
    click = np.zeros(rate, np.float32)
    click[500] = 1.0
    assert len(worker.trim(click, 25.0, 45.0)) == 0


def _script(code):
    return (sys.executable, "-c", code)


def test_a_worker_that_crashes_is_named_with_its_word_and_voice(monkeypatch):
    crash = "import os, sys; sys.stdin.read(); print(100, flush=True); os.abort()"
    monkeypatch.setattr(pool, "COMMAND", _script(crash))
    prompts = [Prompt("", word, "espeak", "en+f1") for word in ("yes", "no", "go")]
    with Pool(1) as workers, pytest.raises(DataError, match=r"SIGABRT.* at 'no' .* 'en\+f1'"):
        workers.speak(prompts)


def test_a_worker_that_cannot_start_says_why(monkeypatch):
    monkeypatch.setattr(pool, "COMMAND", _script("raise ValueError('bad day')"))
    with Pool(1) as workers, pytest.raises(DataError, match=r"exit code 1.*bad day"):
        workers.ask({"ask": "voices"})


def test_leaving_the_pool_ends_its_workers(monkeypatch, tmp_path):
    note = tmp_path / "pid"
    sleep = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    monkeypatch.setattr(pool, "COMMAND", _script(sleep))
    request = json.dumps({"ask": "voices"})
    code = (
        "import threading, time, sys, json, pathlib\n"
        "from speechrnn.corpora.tts import pool\n"
        f"pool.COMMAND = {pool.COMMAND!r}\n"
        "with pool.Pool(1) as workers:\n"
        f"    threading.Thread(target=workers.ask, args=(json.loads({request!r}),)).start()\n"
        f"    while not pathlib.Path({str(note)!r}).exists(): time.sleep(0.01)\n"
        "    time.sleep(0.1)\n"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    for _ in range(100):
        try:
            os.kill(int(note.read_text()), 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the worker outlived its pool")


def test_speaker_ids_hold_nothing_that_breaks_kaldis_order():
    assert Voice("espeak", "en-gb-x-rp+Mr serious").speaker == "espeak_en_gb_x_rp_Mr_serious"


def _pitch_hz(path):
    import soundfile

    wave, rate = soundfile.read(path)
    width = rate // 20
    frames = [wave[i : i + width] for i in range(0, len(wave) - width, width // 2)]
    frames = sorted(frames, key=lambda frame: float((frame**2).sum()))[-4:]
    found = []
    for frame in frames:
        tie = np.correlate(frame, frame, "full")[width - 1 :]
        low, high = rate // 400, rate // 60
        found.append(rate / (low + int(np.argmax(tie[low:high]))))
    return float(np.median(found))
