"""Recordings that keep a threshold high."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from speechrnn import load_model
from speechrnn.datadir import Utterance
from speechrnn.decoding.operating_point import OperatingPoint
from speechrnn.evaluation.calibration import calibrate
from speechrnn.evaluation.hearing import Hearing
from speechrnn.evaluation.live_trial import LiveTrial, Part
from speechrnn.evaluation.obstacles import find_obstacles
from speechrnn.evaluation.strung import Placed
from speechrnn.runtime.model_file import ModelInfo

POINT = OperatingPoint("clip", 20.0, 500.0, 100.0, 60.0, {"high": 0.5, "low": 0.5})
SAID = 40


@pytest.fixture(scope="module")
def info(tone_model: Path) -> ModelInfo:
    return load_model(tone_model).info


def part(info: ModelInfo, name: str, heights: list[tuple[str, str, float]]) -> Part:
    """Recordings of 2 s, (file, word, how high that word rises in it)."""
    track, placed = np.full((100 * len(heights), 2), 0.01, np.float32), []
    for number, (file, word, height) in enumerate(heights):
        middle = 100 * number + 50
        track[middle - 5 : middle + 5, info.words.index(word)] = height
        at_s = 2.0 * number
        utterance = Utterance(f"{file}-{number}", Path(file), "ann", word, file)
        placed.append(Placed(utterance, at_s, at_s + 2, at_s + 0.8, at_s + 1.2))
    clips = np.zeros((len(track) // 5, 3), np.float32)
    hearing = Hearing(info, 5, 3, len(track) * 320, {"clip": track}, clips)
    return Part(name, hearing, placed, len(heights) / 1800, {})


def trial(info: ModelInfo, *unsaid: list[tuple[str, str, float]]) -> LiveTrial:
    rising = np.linspace(0.3, 0.99, SAID)
    said = [(f"{word}{i}.wav", word, h) for i, h in enumerate(rising) for word in ("high", "low")]
    parts = [part(info, f"part{number}", heights) for number, heights in enumerate(unsaid)]
    return LiveTrial(part(info, "said", said), [], parts, [], [])


def test_what_a_word_is_missed_for_is_named(info: ModelInfo) -> None:
    others = [(f"{i}.wav", "low", 0.4) for i in range(9)]
    made = trial(info, [("tree.wav", "high", 0.9), *others], [("tree.wav", "high", 0.85)])
    found = calibrate(made, POINT, 0.1)
    assert not found.scores.num_alarms
    (obstacle,) = find_obstacles(made, found.point)
    assert (obstacle.word, obstacle.files) == ("high", ["tree.wav"])
    assert obstacle.missed == found.scores.misses["high"]
    assert obstacle.missed.share > 0.8 and obstacle.without.share == 0.0


def test_together_some_recordings_count_as_one_does(info: ModelInfo) -> None:
    others = [(f"{i}.wav", "low", 0.4) for i in range(9)]
    for count, files in (2, ["1a.wav", "0a.wav"]), (3, ["2a.wav", "1a.wav", "0a.wav"]), (4, None):
        like_it = [(f"{i}a.wav", "high", 0.9 + i / 100) for i in range(count)]
        made = trial(info, [*others, *like_it])
        found = find_obstacles(made, calibrate(made, POINT, 0.1).point)
        assert [obstacle.files for obstacle in found] == ([] if files is None else [files])


def test_where_none_stands_out_none_is_named(info: ModelInfo) -> None:
    made = trial(info, [(f"{i}.wav", "high", 0.5 + i / 1000) for i in range(20)])
    assert find_obstacles(made, calibrate(made, POINT, 0.1).point) == []


def test_alarms_that_the_budget_allows_are_no_obstacles(info: ModelInfo) -> None:
    others = [(f"{i}.wav", "low", 0.4) for i in range(9)]
    made = trial(info, [("tree.wav", "high", 0.9), *others])
    found = calibrate(made, POINT, 1.01 / made.hours)
    assert found.scores.num_alarms == 1
    assert find_obstacles(made, found.point) == []
