from __future__ import annotations

import numpy as np
import pytest

from speechrnn.live.take import Take, TakeRecorder

RATE_HZ = 16000


def takes(*parts: np.ndarray, block: int = 320, rate_hz: int = RATE_HZ) -> list[Take]:
    recorder = TakeRecorder(rate_hz)
    wave = np.concatenate(parts)
    found = [recorder.accept(wave[i : i + block]) for i in range(0, len(wave), block)]
    return [take for take in found if take]


@pytest.mark.parametrize(
    ("rate_hz", "block"), [(16000, 1), (16000, 50000), (44100, 333), (48000, 960)]
)
def test_silence_is_trimmed_but_for_a_margin(tone, silence, rate_hz: int, block: int) -> None:
    word = tone(440, 0.4, rate_hz=rate_hz)
    [take] = takes(silence(1.0, rate_hz), word, silence(1.0, rate_hz), block=block, rate_hz=rate_hz)
    assert take.fault == ""
    assert len(take.wave) / rate_hz == pytest.approx(0.4 + 2 * 0.15, abs=0.03)
    loud = np.flatnonzero(np.abs(take.wave) > 0.1) / rate_hz
    assert loud[0] == pytest.approx(0.15, abs=0.02)
    assert take.level_db == pytest.approx(-13.5, abs=0.2)


def test_a_pause_inside_a_phrase_does_not_end_it(tone, silence) -> None:
    [take] = takes(silence(1.0), tone(440, 0.3), silence(0.3), tone(880, 0.3), silence(1.0))
    assert take.fault == ""
    assert len(take.wave) / RATE_HZ == pytest.approx(0.9 + 2 * 0.15, abs=0.03)


def test_words_one_after_the_other_are_takes_of_their_own(tone, silence) -> None:
    word = tone(440, 0.3)
    found = takes(silence(1.0), word, silence(1.0), word, silence(1.0), word, silence(1.0))
    assert [take.fault for take in found] == [""] * 3


def test_an_onset_below_the_threshold_stays_with_its_word(tone, silence) -> None:
    """An f or an s begins softly."""
    soft = tone(5000, 0.1, gain=0.0012)
    [take] = takes(silence(1.0), soft, tone(440, 0.3), silence(1.0))
    assert np.abs(take.wave[: round(0.05 * RATE_HZ)]).max() < 0.003
    assert len(take.wave) / RATE_HZ >= 0.3 + 0.1


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        (lambda tone, silence: [silence(10.5)], "nothing was heard"),
        (lambda tone, silence: [np.zeros(168000)], "nothing was heard"),
        (
            lambda tone, silence: [silence(1.0), tone(440, 0.4, 1.5).clip(-1, 1), silence(1.0)],
            "clipped; speak more softly",
        ),
        (lambda tone, silence: [silence(1.0), tone(440, 0.4, 0.008), silence(1.0)], "too quiet"),
        (lambda tone, silence: [silence(1.0), tone(440, 0.07), silence(1.0)], "too short"),
        (lambda tone, silence: [silence(1.0), tone(440, 4.2), silence(1.0)], "its end was not"),
        (
            lambda tone, silence: [
                60 * silence(3.0),
                60 * silence(0.5) + tone(440, 0.5, 0.18),
                60 * silence(1.0),
            ],
            "hardly above the noise",
        ),
    ],
)
def test_bad_takes_are_refused_with_a_reason(tone, silence, parts, fault: str) -> None:
    found = takes(*parts(tone, silence))
    assert len(found) == 1
    assert found[0].fault.startswith(fault)


def test_a_key_that_is_pressed_at_the_prompt_is_no_word(tone, silence) -> None:
    click = tone(2000, 0.05)
    [take] = takes(silence(0.05), click, silence(0.5), tone(440, 0.4), silence(1.0))
    assert len(take.wave) / RATE_HZ == pytest.approx(0.4 + 2 * 0.15, abs=0.03)


def test_beginning_anew_forgets_what_was_said(tone, silence) -> None:
    recorder = TakeRecorder(RATE_HZ)
    recorder.accept(np.concatenate([silence(1.0), tone(440, 0.2)]))
    assert recorder.is_speech
    recorder.begin()
    assert not recorder.is_speech
    assert recorder.accept(silence(2.0)) is None
