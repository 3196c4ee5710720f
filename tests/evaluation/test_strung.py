from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.audio import read_audio
from speechrnn.datadir import Utterance, load_wave
from speechrnn.errors import AudioError
from speechrnn.evaluation.strung import Strung, sound_samples

RATE_HZ = 16000


def recording(path: Path, wave: np.ndarray, rate_hz: int = RATE_HZ) -> Utterance:
    soundfile.write(path, wave, rate_hz)
    return Utterance(path.name, path, "", "", path.name)


@pytest.fixture(scope="module")
def noises(tmp_path_factory: pytest.TempPathFactory) -> list[Utterance]:
    """Three recordings of 0.5, 2 and 25 s; a ramp in the last one tells the place."""
    folder = tmp_path_factory.mktemp("noises")
    random = np.random.default_rng(0)
    waves = [0.1 * random.standard_normal(count) for count in (8000, 32000)]
    waves.append(np.arange(25 * RATE_HZ) / (26 * RATE_HZ))
    return [recording(folder / f"{i}.wav", wave) for i, wave in enumerate(waves)]


def test_words_lie_where_it_says(said: list[Utterance]) -> None:
    strung = Strung(RATE_HZ, 0)
    stream = np.concatenate(list(strung.words(said)))
    assert strung.num_samples == len(stream)
    assert strung.steps == len(strung.placed) == len(said)
    assert {placed.utterance for placed in strung.placed} == set(said)
    silence_from = 0.0
    for placed in strung.placed:
        begin, end = (round(place * RATE_HZ) for place in (placed.start_s, placed.end_s))
        np.testing.assert_array_equal(stream[begin:end], load_wave(placed.utterance, RATE_HZ))
        # Levels come every 10 ms and are smoothed over 30 ms.
        assert placed.sound_start_s == pytest.approx(placed.start_s + 0.3, abs=0.021)
        assert placed.sound_end_s == pytest.approx(placed.start_s + 0.7, abs=0.021)
        assert 0.3 <= placed.start_s - silence_from <= 1.5
        gap = stream[round(silence_from * RATE_HZ) : begin]
        assert 0 < np.abs(gap).max() < 0.003
        silence_from = placed.end_s
    assert len(stream) / RATE_HZ - silence_from >= 0.6


def test_the_seed_makes_the_stream(said: list[Utterance]) -> None:
    def made(seed: int) -> tuple[np.ndarray, list[str]]:
        strung = Strung(RATE_HZ, seed)
        stream = np.concatenate(list(strung.words(said)))
        return stream, [placed.utterance.id for placed in strung.placed]

    first, order = made(3)
    again, same = made(3)
    np.testing.assert_array_equal(first, again)
    assert order == same != sorted(order)
    assert made(4)[1] != order


def test_recordings_come_as_they_are_block_by_block(noises: list[Utterance]) -> None:
    segment = replace(noises[2], id="part", start_s=3.0, end_s=4.5)
    strung = Strung(RATE_HZ, 0)
    blocks = list(strung.recordings([*noises, segment]))
    assert max(map(len, blocks)) == 1.5 * RATE_HZ  # the segment; all others come in seconds
    stream = np.concatenate(blocks)
    assert [placed.utterance for placed in strung.placed] == [*noises, segment]
    lengths = [placed.end_s - placed.start_s for placed in strung.placed]
    assert lengths == pytest.approx([0.5, 2, 25, 1.5])
    for placed in strung.placed:
        begin, end = (round(place * RATE_HZ) for place in (placed.start_s, placed.end_s))
        wave = load_wave(placed.utterance, RATE_HZ)
        np.testing.assert_array_equal(stream[begin:end], wave)
        assert (placed.sound_start_s, placed.sound_end_s) == (placed.start_s, placed.end_s)


def test_what_cannot_be_read_is_left_out(noises: list[Utterance], tmp_path: Path) -> None:
    text, cut = tmp_path / "text.wav", tmp_path / "cut.flac"
    text.write_text("no audio")
    soundfile.write(cut, 0.1 * np.random.default_rng(0).standard_normal(5 * RATE_HZ), RATE_HZ)
    cut.write_bytes(cut.read_bytes()[:120_000])
    broken = [Utterance(path.name, path, "", "", path.name) for path in (text, cut)]
    strung = Strung(RATE_HZ, 0)
    stream = np.concatenate(list(strung.recordings([*broken, noises[0]])))
    assert list(strung.faults) == broken
    assert [placed.utterance for placed in strung.placed] == [broken[1], noises[0]]
    assert 0.5 < strung.placed[0].end_s - strung.placed[0].start_s < 5  # what came before the cut
    assert (strung.steps, strung.num_samples) == (3, len(stream))
    strung = Strung(RATE_HZ, 0)
    list(strung.words([broken[0], noises[0]]))
    assert (list(strung.faults), len(strung.placed), strung.steps) == ([broken[0]], 1, 2)


def test_synthetic_hours_are_full_and_fair(noises: list[Utterance]) -> None:
    strung = Strung(RATE_HZ, 0)
    hours = 0.1234
    blocks = list(strung.synthetic(noises, hours))
    assert strung.num_samples == sum(map(len, blocks)) == round(hours * 3600 * RATE_HZ)
    assert strung.steps == 7
    times = Counter(placed.utterance.wav for placed in strung.placed)
    assert max(times.values()) - min(times.values()) <= 1
    stream = np.concatenate(blocks)
    assert stream.dtype == np.float32 and np.abs(stream).max() <= 1
    whole = [p for p in strung.placed if p.utterance.wav == noises[1].wav]
    assert {round(p.end_s - p.start_s, 6) for p in whole[:-1]} == {2.0}
    again = np.concatenate(list(Strung(RATE_HZ, 0).synthetic(noises, hours)))
    np.testing.assert_array_equal(stream, again)


def test_synthetic_streams_play_a_stretch_of_what_is_long(noises: list[Utterance]) -> None:
    """At a random gain, and over noise that is 0 to 30 dB below."""
    strung = Strung(RATE_HZ, 0)
    blocks = list(strung.synthetic(noises, 0.2))
    starts_s, gains, beds_db = set(), [], []
    for placed, block in zip(strung.placed[:-1], blocks, strict=False):
        if placed.utterance.wav != noises[2].wav:
            continue
        start_s, end_s = placed.utterance.start_s, placed.utterance.end_s
        assert end_s - start_s == pytest.approx(10)
        starts_s.add(start_s)
        clean, _ = read_audio(noises[2].wav, start_s=start_s, end_s=end_s)
        wave = block[: len(clean)]
        if np.abs(wave).max() == 1:  # clipped
            continue
        gain = float(np.dot(wave, clean) / np.dot(clean, clean))
        bed = wave - gain * clean
        gains.append(20 * np.log10(gain))
        beds_db.append(10 * np.log10(gain**2 * np.square(clean).mean() / np.square(bed).mean()))
    assert len(starts_s) > 20 and min(starts_s) < 4 and max(starts_s) > 11
    assert -20.5 < min(gains) < -17 and -3 < max(gains) < 0.5
    assert -0.5 < min(beds_db) < 5 and 25 < max(beds_db) < 30.5


def test_synthetic_streams_need_readable_recordings(tmp_path: Path) -> None:
    path = tmp_path / "text.wav"
    path.write_text("no audio")
    with pytest.raises(AudioError, match=r"text\.wav"):
        list(Strung(RATE_HZ, 0).synthetic([Utterance("a", path, "", "", "a")], 1.0))


def test_where_a_word_is_heard_in_its_clip() -> None:
    wave = np.full(RATE_HZ, 1e-4, np.float32)
    wave[4000:6400] = wave[8000:8800] = 0.1  # as "right" with its closure, 100 ms
    assert sound_samples(wave, RATE_HZ, False) == pytest.approx((4000, 8800), abs=320)
    wave[12000:12800] = 0.1  # 200 ms later: another word
    assert sound_samples(wave, RATE_HZ, False) == pytest.approx((4000, 8800), abs=320)
    assert sound_samples(wave, RATE_HZ, True) == pytest.approx((4000, 12800), abs=320)
    assert sound_samples(wave[:100], RATE_HZ, False) == (0, 100)
