"""Speech Commands: whom the hash puts where, which other words are drawn."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from speechrnn.corpora.speech_commands.clips import Clip
from speechrnn.corpora.speech_commands.parts import part_of_speaker
from speechrnn.corpora.speech_commands.protocols import draw_by_chance, draw_by_speaker


@pytest.mark.parametrize(
    ("speaker", "part"),
    [
        # Of a test list that a recipe of another project left, made with Google's function.
        ("c7dc7278", "test"),
        ("b2e2773a", "test"),
        ("1b4c9b89", "test"),
        # By sha1sum: the last 27 bits over 2 ** 27 - 1, in per cent.
        ("105e72bb", "valid"),  # 0.3
        ("speaker579", "valid"),  # 9.96
        ("speaker1318", "test"),  # 10.03
        ("speaker1865", "test"),  # 19.99
        ("speaker407", "train"),  # 20.07
        ("bobby", "train"),  # 94.1
    ],
)
def test_the_hash_decides_where_there_are_no_lists(speaker: str, part: str) -> None:
    assert part_of_speaker(speaker) == part


def test_other_words_are_drawn_by_chance() -> None:
    clips = [Clip(Path(f"bed/a_nohash_{take}.wav"), "bed", "a", take) for take in range(4000)]
    drawn = draw_by_chance(clips, others=10_000, commands=20_000)
    assert abs(len(drawn) - 800) < 4 * 25  # a binomial deviation is 25
    assert drawn == sorted(drawn, key=lambda clip: clip.take) == list(dict.fromkeys(drawn))
    halves = len([clip for clip in drawn if clip.take < 2000])
    assert abs(halves - 400) < 4 * 18
    assert draw_by_chance(clips, others=10_000, commands=100_000) == clips
    assert draw_by_chance([], others=0, commands=100) == []


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (3, {"ann": 1, "bob": 1, "cid": 1}),
        (5, {"ann": 2, "bob": 1, "cid": 2}),
        (8, {"ann": 4, "bob": 1, "cid": 3}),
        (99, {"ann": 9, "bob": 1, "cid": 3}),
    ],
)
def test_other_words_are_drawn_evenly_from_the_speakers(
    count: int, expected: dict[str, int]
) -> None:
    clips = [
        Clip(Path(f"bed/{speaker}_nohash_{take}.wav"), "bed", speaker, take)
        for speaker, takes in {"ann": 9, "bob": 1, "cid": 3}.items()
        for take in range(takes)
    ]
    drawn = draw_by_speaker(clips, count)
    assert Counter(clip.speaker for clip in drawn) == expected
    assert len(set(drawn)) == len(drawn)
