from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speechrnn import load_model
from speechrnn.datadir import Utterance, read_datadir, write_datadir
from speechrnn.decoding.operating_point import OperatingPoint
from speechrnn.errors import AudioError, ConfigError, DataError
from speechrnn.evaluation.alarms import AlarmRate
from speechrnn.evaluation.choice import compare_choices, stream_choices
from speechrnn.evaluation.hearing import Hearing
from speechrnn.evaluation.live_scores import Alarm, score_live
from speechrnn.evaluation.live_trial import LiveListener, LiveTrial, Part
from speechrnn.evaluation.metrics import Confusion, Rate
from speechrnn.evaluation.strung import Placed
from speechrnn.runtime.recognizer import Recognizer
from speechrnn.runtime.stream import operating_point


@pytest.fixture(scope="module")
def recognizer(tone_model: Path) -> Recognizer:
    return load_model(tone_model)


@pytest.fixture(scope="module")
def point(recognizer: Recognizer) -> OperatingPoint:
    return operating_point(recognizer.info, None, None)


@pytest.fixture(scope="module")
def listener(recognizer: Recognizer, point: OperatingPoint) -> LiveListener:
    return LiveListener(recognizer, point, ["clip"])


@pytest.fixture(scope="module")
def trial(listener: LiveListener, tone_words: Path, no_words: Path) -> LiveTrial:
    return listener.trial(tone_words, [no_words], 0.01)


def test_a_trial_has_a_row_for_each_kind_of_negatives(trial: LiveTrial, no_words: Path) -> None:
    assert [part.name for part in trial.negatives] == ["other words", str(no_words), "synthetic"]
    seconds = [3600 * part.hours for part in trial.negatives]
    assert seconds == pytest.approx([3, 9, 36])  # recordings alone; all of a synthetic stream
    assert trial.hours == pytest.approx(48 / 3600)
    assert len(trial.said.placed) == 12
    assert {p.utterance.text for p in trial.others[0].placed} == {"hush"}
    strung = {p.utterance.wav.name for p in trial.synthetic[0].placed}
    assert {"a.wav", "b.flac", "c.ogg", "ann-hush-0.wav"} <= strung
    assert not any("high" in name or "low" in name for name in strung)


def test_figures_of_a_model_that_hears_everything(trial, point, no_words: Path) -> None:
    scores = score_live(trial, point)
    assert scores.misses == {"high": Rate(0, 8), "low": Rate(0, 4)}
    assert scores.all_misses == Rate(0, 12)
    assert (scores.wrong, scores.extra) == ([], 0)
    # The tone model needs a moment of the tone; a chunk of 160 ms later it has certainly said so.
    assert -0.4 < scores.delay.median_s <= scores.delay.high_s < 0.0
    others, recordings, synthetic = scores.rows
    assert (others.recordings, others.rate.count, others.alarms) == (3, 0, [])
    [alarm] = recordings.alarms
    assert (alarm.word, alarm.file) == ("high", str(no_words / "deeper" / "b.flac"))
    assert alarm.time_s == pytest.approx(2.0, abs=0.35)
    assert recordings.rate == AlarmRate(1, pytest.approx(9 / 3600))
    assert synthetic.repeats > 1 and synthetic.rate.count == len(synthetic.alarms) > 1
    assert scores.num_alarms == 1 + len(synthetic.alarms) == scores.all_alarms.count
    of_high = sum(alarm.word == "high" for row in scores.rows for alarm in row.alarms)
    assert scores.word_alarms["high"] == AlarmRate(of_high, trial.hours)


def test_figures_of_thresholds_that_nothing_reaches(trial, point) -> None:
    scores = score_live(trial, replace(point, thresholds={"high": 0.5, "low": 2.0}))
    assert scores.misses == {"high": Rate(0, 8), "low": Rate(4, 4)}
    scores = score_live(trial, replace(point, thresholds={"high": 2.0, "low": 2.0}))
    assert (scores.all_misses, scores.delay, scores.num_alarms) == (Rate(12, 12), None, 0)


def test_words_said_otherwise_are_wrong(listener, point, tone_words: Path, tmp_path: Path) -> None:
    utterances = read_datadir(tone_words)[:8]  # all high
    mislabelled = [replace(u, text="low" if i < 3 else "high") for i, u in enumerate(utterances)]
    write_datadir(tmp_path / "data", mislabelled)
    scores = score_live(listener.trial(tmp_path / "data", []), point)
    assert scores.misses == {"high": Rate(0, 5), "low": Rate(3, 3)}
    assert scores.wrong == [Confusion("low", "high", 3)]
    assert (scores.rows, scores.all_alarms, scores.word_alarms) == ([], None, {})
    plain = scores.as_dict()
    assert plain["false_alarms"] is None
    assert plain["words"]["low"]["misses"]["missed"] == plain["words"]["low"]["misses"]["said"] == 3


def test_an_alarm_in_a_segment_tells_the_time_in_its_file(
    listener, point, tone_words: Path, no_words: Path, tmp_path: Path
) -> None:
    wav = no_words / "deeper" / "b.flac"
    segments = [
        Utterance("bob-0", wav, "bob", "quiet", "b", 0.0, 1.5),
        Utterance("bob-1", wav, "bob", "noise", "b", 1.5, 3.5),
    ]
    write_datadir(tmp_path / "data", segments)
    [row] = score_live(listener.trial(tone_words, [tmp_path / "data"]), point).rows[1:]
    [alarm] = row.alarms
    assert alarm == Alarm("high", alarm.confidence, str(wav), pytest.approx(2.0, abs=0.35))
    assert (row.recordings, row.repeats) == (1, 2)


def test_unreadable_recordings_are_named(listener, point, tone_words: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(tone_words.parent, folder)
    (folder / "ann-high-0.wav").write_text("no audio")
    write_datadir(tmp_path / "data", read_datadir(tone_words))
    listing = tmp_path / "data" / "wav.scp"
    listing.write_text(listing.read_text().replace(str(tone_words.parent), str(folder)))
    for name in ("ann-hush-0", "ann-hush-1", "ann-hush-2"):
        (folder / f"{name}.wav").write_text("no audio")
    trial = listener.trial(tmp_path / "data", [])
    assert sorted(str(fault).split(":")[0] for fault in trial.faults) == [
        "utterance ann-high-0", "utterance ann-hush-0", "utterance ann-hush-1",
        "utterance ann-hush-2",
    ]  # fmt: skip
    assert trial.negatives == []  # no other word could be read
    assert score_live(trial, point).misses["high"] == Rate(0, 7)
    for path in folder.glob("*.wav"):
        path.write_text("no audio")
    with pytest.raises(AudioError, match="utterance ann-"):
        listener.trial(tmp_path / "data", [])


def test_synthetic_hours_are_checked(listener, tone_words: Path, tmp_path: Path) -> None:
    for hours in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ConfigError, match="expected 0 to 1000"):
            listener.trial(tone_words, [], hours)
    write_datadir(tmp_path / "data", read_datadir(tone_words)[:8])
    with pytest.raises(DataError, match="nothing to string together"):
        listener.trial(tmp_path / "data", [], 1.0)


def test_progress_is_counted(recognizer, point, tone_words: Path, no_words: Path) -> None:
    counted: dict[str, list[int]] = {}

    @contextmanager
    def counting(label: str, total: int) -> Iterator:
        counted[label] = [0, total]

        def step() -> None:
            counted[label][0] += 1

        yield step

    LiveListener(recognizer, point, ["clip"], counting).trial(tone_words, [no_words], 0.04)
    assert counted == {
        str(tone_words): [12, 12], "other words": [3, 3], str(no_words): [3, 3], "synthetic": [2, 2]
    }  # fmt: skip


def test_choice_is_by_the_windows_around_the_clips_end(recognizer, said) -> None:
    """Within 0.2 s of it, by their mean; by the next one where none is."""
    sure, rather, even, other = [0.01, 0.98, 0.01], [0.6, 0.39, 0.01], [0.5, 0.49, 0.01], [0, 0, 1]
    probs = np.array([sure, rather, rather, rather, even, other, other])

    def chosen(chunk_frames: int, end_s: float) -> int:
        track = {"clip": np.zeros((7 * chunk_frames, 2))}
        hearing = Hearing(recognizer.info, chunk_frames, 0, 10**6, track, np.log(probs + 1e-9))
        placed = Placed(said[0], end_s - 1, end_s, end_s - 1, end_s)
        return stream_choices(Part("said", hearing, [placed], 0.0, {}))[0]

    # Chunks of 100 ms, and 5 ms that the last frame sees beyond.
    assert chosen(5, 0.31) == 0  # windows that end from 0.205 to 0.505 s
    assert chosen(5, 0.30) == 1  # from 0.105 s on
    assert chosen(5, 0.68) == 2
    assert chosen(50, 1.3) == 0  # windows that end at 1.005 and 2.005 s


def test_choices_in_the_stream_stand_beside_those_on_cut_clips(trial, recognizer) -> None:
    choices = compare_choices(trial, recognizer)
    labels = recognizer.info.labels
    chosen = [labels[label] for label in stream_choices(trial.said)]
    right = sum(p.utterance.text == c for p, c in zip(trial.said.placed, chosen, strict=True))
    # "hush" is no label of this model, which has none for unknown words.
    assert (choices.in_stream, choices.cut) == (Rate(right, 12), Rate(12, 12))
