from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.decoding.detector import Firing, KeywordDetector
from speechrnn.decoding.operating_point import OperatingPoint

WORDS = ("go", "no", "stop")
FRAME_MS = 40.0


def make_detector(
    thresholds: Sequence[float] = (0.5, 0.5, 0.5),
    smoothing: int = 1,
    refractory: int = 3,
    clip: int = 10,
) -> KeywordDetector:
    """A detector whose times are given in frames."""
    point = OperatingPoint(
        source="clip",
        smoothing_ms=smoothing * FRAME_MS,
        refractory_ms=refractory * FRAME_MS,
        chunk_ms=160,
        look_ahead_ms=0,
        thresholds=dict(zip(WORDS, thresholds, strict=True)),
        calibration=None,
    )
    return KeywordDetector(point, WORDS, FRAME_MS, clip * FRAME_MS)


def track_of(word: str, posteriors: Sequence[float]) -> np.ndarray:
    track = np.zeros((len(posteriors), len(WORDS)), np.float32)
    track[:, WORDS.index(word)] = posteriors
    return track


def fired(detector: KeywordDetector, *tracks: np.ndarray) -> list[tuple[str, int]]:
    firings = detector.accept(0, sum(tracks, np.zeros_like(tracks[0])))
    return [(WORDS[firing.word], firing.frame) for firing in firings]


def naive_firings(
    track: np.ndarray, thresholds: Sequence[float], smoothing: int, refractory: int, repeat: int
) -> list[Firing]:
    """The rules as they are written down, one frame after the other, looking back at will."""
    padded = np.concatenate([np.zeros((smoothing - 1, track.shape[1]), np.float32), track])
    smooth = [padded[t : t + smoothing].sum(0) / np.float32(smoothing) for t in range(len(track))]
    limits = np.float32(thresholds)
    firings: list[Firing] = []
    for t, now in enumerate(smooth):
        word = int(np.argmax(now / limits))
        if now[word] < limits[word]:
            continue
        if firings:
            last = firings[-1].frame
            never_below = all(smooth[u][word] >= limits[word] for u in range(last, t))
            if t - last < refractory or (never_below and t - last < repeat):
                continue
        firings.append(Firing(word, t, float(now[word])))
    return firings


levels = st.integers(0, 8).map(lambda eighths: eighths / 8)  # sums of these are exact
rows = st.tuples(levels, levels, levels)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(rows, max_size=80),
    st.tuples(*[st.sampled_from([0.125, 0.375, 0.5, 0.75, 1.0])] * 3),
    st.integers(1, 4),
    st.integers(0, 6),
    st.integers(1, 8),
    st.lists(st.integers(0, 80), max_size=6),
)
def test_fires_as_the_rules_say_however_the_track_is_cut(
    rows: list[tuple[float, ...]],
    thresholds: tuple[float, ...],
    smoothing: int,
    refractory: int,
    clip: int,
    cuts: list[int],
) -> None:
    track = np.array(rows, np.float32).reshape(-1, 3)
    detector = make_detector(thresholds, smoothing, refractory, clip)
    firings, first = [], 0
    for part in np.split(track, sorted(min(cut, len(track)) for cut in cuts)):
        firings += detector.accept(first, part)
        first += len(part)
    assert firings == naive_firings(track, thresholds, smoothing, refractory, 2 * clip)


def test_fires_at_the_crossing_and_says_how_sure_it_was() -> None:
    detector = make_detector()
    firings = detector.accept(0, track_of("no", [0, 0.25, 0.75, 1, 0.25]))
    assert firings == [Firing(WORDS.index("no"), 2, 0.75)]
    np.testing.assert_array_equal(detector.posteriors, np.float32([0, 0.25, 0]))


def test_each_word_has_its_own_threshold() -> None:
    tracks = [track_of(word, [0, 0.6, 0]) for word in ("go", "stop")]
    assert fired(make_detector((0.7, 0.5, 0.5)), *tracks) == [("stop", 1)]
    assert fired(make_detector((0.5, 0.5, 0.7)), *tracks) == [("go", 1)]
    # The one that is further above, not the likelier one.
    assert fired(make_detector((0.5, 0.5, 0.1)), *tracks) == [("stop", 1)]


def test_a_threshold_above_one_never_fires() -> None:
    assert fired(make_detector((1.01, 0.5, 0.5)), track_of("go", [1.0] * 50)) == []


def test_smoothing_keeps_a_short_spike_quiet() -> None:
    assert fired(make_detector(smoothing=3), track_of("go", [0, 1, 0, 0])) == []
    assert fired(make_detector(smoothing=3), track_of("go", [0, 1, 1, 0])) == [("go", 2)]


def test_a_word_that_stays_long_fires_once() -> None:
    """The window of a pooling head holds a word for a whole clip length."""
    assert fired(make_detector(), track_of("go", [0, *[0.9] * 15, 0, 0])) == [("go", 1)]


def test_go_go_go_is_three_words() -> None:
    assert fired(make_detector(), track_of("go", [0.9, 0.9, 0.9, 0.1] * 3)) == [
        ("go", 0),
        ("go", 4),
        ("go", 8),
    ]


def test_a_repetition_too_soon_is_held_back_to_the_end_of_the_refractory_time() -> None:
    assert fired(make_detector(refractory=5), track_of("go", [0.9, 0, 0.9, 0.9, 0.9, 0.9])) == [
        ("go", 0),
        ("go", 5),
    ]
    assert fired(make_detector(refractory=5), track_of("go", [0.9, 0, 0.9, 0.9, 0, 0])) == [
        ("go", 0)
    ]


def test_a_command_repeated_without_a_dip_is_heard_again_after_two_clips() -> None:
    assert fired(make_detector(clip=10), track_of("stop", [0.9] * 45)) == [
        ("stop", 0),
        ("stop", 20),
        ("stop", 40),
    ]


def test_one_utterance_is_not_two_words() -> None:
    """The second likeliest does not fire when the first one has faded."""
    detector = make_detector((0.25, 0.25, 0.5))
    heard = fired(
        detector,
        track_of("go", [0, 0.6, 0.6, 0.6, 0.6, 0.2, 0.1]),
        track_of("no", [0, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]),
    )
    assert heard == [("go", 1)]


def test_a_second_word_right_behind_the_first_waits_for_the_refractory_time() -> None:
    tracks = [track_of("go", [0.9, 0.1, 0, 0, 0]), track_of("no", [0, 0.9, 0.9, 0.9, 0.9])]
    assert fired(make_detector(refractory=3), *tracks) == [("go", 0), ("no", 3)]


def test_lost_frames_count_as_zero_and_the_refractory_time_goes_on() -> None:
    detector = make_detector(smoothing=2, refractory=6)
    assert detector.accept(0, track_of("go", [0, 1, 1])) == [Firing(0, 1, 0.5)]
    assert detector.accept(4, track_of("go", [1, 1, 1, 1])) == [Firing(0, 7, 1.0)]
    assert detector.next_frame == 8
    # One frame alone, behind a gap, is half of what it was.
    assert detector.accept(30, track_of("go", [0.9])) == []


def test_frames_from_before_are_refused() -> None:
    detector = make_detector()
    detector.accept(0, np.zeros((4, 3), np.float32))
    with pytest.raises(ValueError, match="frame 3 after frame 3"):
        detector.accept(3, np.zeros((1, 3), np.float32))


def test_nothing_that_grows_is_kept() -> None:
    detector = make_detector(smoothing=4)
    for first in range(0, 4000, 4):
        detector.accept(first, np.full((4, 3), 0.9, np.float32))
    sizes = [value.size for value in vars(detector).values() if isinstance(value, np.ndarray)]
    assert sum(sizes) <= 4 * 3 * len(sizes)
    assert not any(isinstance(value, list | dict) for value in vars(detector).values())
