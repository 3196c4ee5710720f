from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from speechrnn import load_model
from speechrnn.datadir import Utterance
from speechrnn.decoding.operating_point import OperatingPoint
from speechrnn.errors import DataError
from speechrnn.evaluation.calibration import calibrate, calibration_facts, word_peaks
from speechrnn.evaluation.det import det_curve
from speechrnn.evaluation.hearing import Hearing
from speechrnn.evaluation.live_report import write_live_report
from speechrnn.evaluation.live_scores import score_live
from speechrnn.evaluation.live_trial import LiveTrial, Part
from speechrnn.evaluation.plots import det_png
from speechrnn.evaluation.strung import Placed
from speechrnn.evaluation.thresholds import Peaks
from speechrnn.runtime.model_file import ModelInfo

FRAMES_PER_S = 50
SECONDS = 600
WORDS = ("high", "low")


@pytest.fixture(scope="module")
def info(tone_model: Path) -> ModelInfo:
    return load_model(tone_model).info


@pytest.fixture(scope="module")
def point() -> OperatingPoint:
    return OperatingPoint("clip", 60.0, 500.0, 100.0, 60.0, dict.fromkeys(WORDS, 0.5))


def bump(track: np.ndarray, at_s: float, height: float) -> None:
    """A posterior that rises to a height and falls again within 0.4 s."""
    first = round((at_s - 0.2) * FRAMES_PER_S)
    shape = height * np.minimum(1, np.sin(np.linspace(0, np.pi, 21)) * 1.3)
    track[first : first + 21] = np.maximum(track[first : first + 21], shape)


def made_trial(info: ModelInfo, skill: dict[str, float], seed: int = 0) -> LiveTrial:
    """A trial whose tracks are drawn: of a skilled source, high where words are said.

    Ten minutes in which a word is said every 3 s, and an hour in which none is, with a bump every
    10 s or so.
    """
    random = np.random.default_rng(seed)
    said_tracks, unsaid_tracks, placed = {}, {}, []
    for i, at_s in enumerate(np.arange(2.0, SECONDS - 3, 3.0)):
        utterance = Utterance(f"{i}", Path(f"{i}.wav"), "ann", WORDS[i % 2], f"{i}")
        placed.append(Placed(utterance, at_s - 0.5, at_s + 0.5, at_s - 0.2, at_s + 0.2))
    for source, its in skill.items():
        said = random.uniform(0, 0.05, (SECONDS * FRAMES_PER_S, 2)).astype(np.float32)
        for where in placed:
            height = random.beta(its, 1)
            column = WORDS.index(where.utterance.text)
            bump(said[:, column], where.sound_end_s, height)
        unsaid = random.uniform(0, 0.05, (6 * SECONDS * FRAMES_PER_S, 2)).astype(np.float32)
        for at_s in np.arange(5.0, 6 * SECONDS - 5, 10.0):
            bump(unsaid[:, random.integers(2)], at_s + random.uniform(-4, 4), random.beta(1, 2))
        said_tracks[source], unsaid_tracks[source] = said, unsaid
    silence = Utterance("n", Path("n.wav"), "", "", "n")
    everywhere = [Placed(silence, 0.0, 6 * SECONDS, 0.0, 6 * SECONDS)]
    said_part = Part("said", heard(info, said_tracks), placed, 0.1, {})
    unsaid_part = Part("/home/me/noises", heard(info, unsaid_tracks), everywhere, 1.0, {})
    return LiveTrial(said_part, [], [unsaid_part], [], [])


def heard(info: ModelInfo, tracks: dict[str, np.ndarray]) -> Hearing:
    count = len(next(iter(tracks.values())))
    return Hearing(info, 5, 3, count * 320, tracks, np.zeros((count // 5, 3), np.float32))


@pytest.fixture(scope="module")
def trial(info: ModelInfo) -> LiveTrial:
    return made_trial(info, {"clip": 5.0})


@pytest.mark.parametrize("budget", [0.5, 1, 5, 20])
def test_the_budget_holds_for_the_real_detector(trial, point, budget: float) -> None:
    found = calibrate(trial, point, budget)
    assert found.scores == score_live(trial, found.point)
    assert found.scores.num_alarms <= budget
    # Not much less than the budget is spent, while there are words to win.
    assert found.scores.num_alarms >= 0.7 * int(budget)
    assert 0 < found.scores.all_misses.share < 0.8


def test_more_alarms_buy_fewer_misses(trial, point) -> None:
    misses = [calibrate(trial, point, n).scores.all_misses.hits for n in (0.5, 2, 8, 32)]
    assert misses == sorted(misses, reverse=True) and misses[0] > misses[-1]


def test_no_common_threshold_does_better(info, point) -> None:
    trial = made_trial(info, {"clip": 3.0}, seed=7)
    found = calibrate(trial, point, 10)
    for threshold in np.linspace(0.26, 0.99, 40):
        scores = score_live(trial, replace(point, thresholds=dict.fromkeys(WORDS, threshold)))
        if scores.num_alarms <= 10:
            assert scores.all_misses.hits >= found.scores.all_misses.hits - 1


def test_the_best_source_of_posteriors_wins(info, point) -> None:
    trial = made_trial(info, {"clip": 2.0, "frames": 12.0, "both": 4.0})
    assert calibrate(trial, point, 2).point.source == "frames"
    same = trial.said.hearing.tracks["clip"], trial.recordings[0].hearing.tracks["clip"]
    trial.said.hearing.tracks["both"], trial.recordings[0].hearing.tracks["both"] = same
    del trial.said.hearing.tracks["frames"]
    assert calibrate(trial, point, 2).point.source == "clip"  # the first of equals


def test_alarms_that_come_in_pairs_count_twice(info, point) -> None:
    """Two within a second are one peak, but the detector's count is what the budget is for."""
    trial = made_trial(info, {"clip": 5.0})
    said, unsaid = (part.hearing.tracks["clip"] for part in (trial.said, *trial.recordings))
    said *= 0.8
    unsaid[:] = 0
    for at_s in (100.0, 100.7):
        bump(unsaid[:, 0], at_s, 0.9)
    assert [len(its.unsaid[its.unsaid > 0.1]) for its in word_peaks(trial, point).values()] == [
        1,
        0,
    ]
    assert calibrate(trial, point, 1).scores.num_alarms == 0
    assert calibrate(trial, point, 2).scores.num_alarms == 2


def test_an_alarm_that_alone_would_break_the_budget(trial, point) -> None:
    """With no alarm allowed, thresholds are above whatever any word ever reached."""
    found = calibrate(trial, point, 0.5)
    assert found.scores.num_alarms == 0
    for word, its in word_peaks(trial, point).items():
        assert found.point.thresholds[word] > its.unsaid[0]


def test_nothing_but_thresholds_and_source_changes(trial, point) -> None:
    found = calibrate(trial, point, 1).point
    assert replace(found, thresholds=point.thresholds) == point


def test_without_negatives_there_is_nothing_to_calibrate(trial, point) -> None:
    with pytest.raises(DataError, match="give recordings with --negatives"):
        calibrate(replace(trial, recordings=[]), point, 1)


def test_peaks_are_found_where_a_hit_would_count(info, point) -> None:
    trial = made_trial(info, {"clip": 5.0})
    track = trial.said.hearing.tracks["clip"]
    track[:] = 0
    placed = trial.said.placed[0]  # "high", sound from 1.8 to 2.2 s
    track[round(2.9 * FRAMES_PER_S), 0] = 0.9  # the last frame that counts is at 2.95 s
    track[round(2.96 * FRAMES_PER_S) :, 0] = 1.0
    peaks = word_peaks(replace(trial, said=replace(trial.said, placed=[placed])), point)
    assert peaks["high"].said == pytest.approx([0.3])  # averaged over three frames
    assert len(peaks["low"].said) == 0


def test_facts_for_the_model_file(trial, point) -> None:
    found = calibrate(trial, point, 5)
    facts = json.loads(json.dumps(calibration_facts(found.scores, 5, date(2025, 1, 31))))
    assert (facts["date"], facts["budget_per_hour"]) == ("2025-01-31", 5)
    assert facts["misses"]["said"] == 199
    assert facts["words"]["high"]["missed"] == found.scores.misses["high"].hits
    assert set(facts["words"]["low"]) == {"missed", "said", "share", "low", "high"}
    assert facts["false_alarms"] == found.scores.all_alarms.as_dict()
    assert list(facts["negatives"]) == ["noises"]  # not where they lie
    assert facts["delay"]["median_s"] > 0


def test_det_curve_of_thresholds_that_move_together() -> None:
    peaks = {
        "go": Peaks(np.array([0.9, 0.5]), np.array([0.8, 0.2])),
        "no": Peaks(np.array([0.6]), np.array([0.55, 1.0])[::-1]),
    }
    # In log-odds above the thresholds 0.5 and 0.6: go 2.2, 0; no 0; unsaid 1.39, -1.39; inf, -0.2.
    alarms_per_hour, missed = det_curve(peaks, {"go": 0.5, "no": 0.6}, 2.0)
    assert alarms_per_hour.tolist() == [0, 0.5, 1.0, 1.5]
    assert missed == pytest.approx([1, 2 / 3, 0, 0])


def test_the_curve_passes_through_the_operating_point(trial, point) -> None:
    found = calibrate(trial, point, 8)
    curve = det_curve(word_peaks(trial, found.point), found.point.thresholds, trial.hours)
    missed = curve.missed[found.scores.num_alarms]
    assert missed == pytest.approx(found.scores.all_misses.share, abs=0.01)
    assert found.curve.missed[0] >= found.curve.missed[-1]
    at_budget = np.interp(8, found.curve.alarms_per_hour, found.curve.missed)
    assert at_budget == pytest.approx(found.scores.all_misses.share, abs=0.01)


def test_files_about_a_trial(trial, point, tmp_path: Path) -> None:
    found = calibrate(trial, point, 5)
    write_live_report(tmp_path / "new", "stream", {"a": 1}, found.scores, found.curve, 5)
    assert json.loads((tmp_path / "new" / "stream.json").read_text()) == {"a": 1}
    picture = imread(BytesIO((tmp_path / "new" / "det.png").read_bytes()))
    assert picture.shape[0] > 300 and picture.std() > 0.05


def test_a_picture_without_any_alarm(trial, point) -> None:
    found = calibrate(trial, point, 0.5)
    scores = found.scores
    picture = det_png(found.curve, scores.all_misses, scores.all_alarms)
    assert imread(BytesIO(picture)).std() > 0.05
