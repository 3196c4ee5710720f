from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
import torchaudio
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from speechrnn.decoding.ctc.align import align, align_words
from speechrnn.decoding.ctc.hypothesis import Segment
from speechrnn.decoding.ctc.lexicon import Lexicon
from speechrnn.errors import DataError
from speechrnn.vocabulary import BLANK


def random_log_probs(seed: int, frames: int, size: int) -> np.ndarray:
    logits = torch.from_numpy(2 * np.random.default_rng(seed).standard_normal((frames, size)))
    return logits.log_softmax(dim=1).float().numpy()


def path_of(segments: list[Segment], frames: int) -> list[int]:
    path = [0] * frames
    for segment in segments:
        count = segment.end_frame - segment.start_frame
        path[segment.start_frame : segment.end_frame] = [segment.unit] * count
    return path


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 40),
    st.lists(st.integers(1, 3), min_size=1, max_size=12),
)
def test_equals_torchaudio(seed: int, frames: int, units: list[int]) -> None:
    assume(frames >= len(units) + sum(a == b for a, b in itertools.pairwise(units)))
    log_probs = random_log_probs(seed, frames, 4)
    segments, score = align(log_probs, units)
    path, scores = torchaudio.functional.forced_align(
        torch.from_numpy(log_probs)[None], torch.tensor([units])
    )
    assert path_of(segments, frames) == path[0].tolist()
    assert [segment.unit for segment in segments] == units
    assert score == pytest.approx(float(scores.double().sum()))


def test_a_repeated_unit_needs_a_blank_between() -> None:
    log_probs = np.log(np.float32([[0.1, 0.9]] * 5))
    segments, score = align(log_probs, [1, 1])
    assert sum(s.end_frame - s.start_frame for s in segments) == 4
    assert segments[0].end_frame + 1 == segments[1].start_frame
    assert score == pytest.approx(math.log(0.1 * 0.9**4))


@pytest.mark.parametrize(
    ("frames", "units", "needed"), [(2, [1, 2, 1], 3), (3, [1, 1, 2], 4), (0, [1], 1)]
)
def test_too_few_frames_name_those_needed(frames: int, units: list[int], needed: int) -> None:
    log_probs = np.log(np.full((frames, 3), 1 / 3))
    with pytest.raises(DataError, match=f"^{frames} frames .* needs {needed} frames"):
        align(log_probs, units)
    align(np.log(np.full((needed, 3), 1 / 3)), units)


def test_nothing_said_is_all_blank() -> None:
    log_probs = np.log(np.float32([[0.8, 0.2], [0.5, 0.5]]))
    segments, score = align(log_probs, [])
    assert segments == [] and score == pytest.approx(math.log(0.4))


def test_a_unit_that_was_never_heard_still_finds_a_place() -> None:
    log_probs = np.array([[0.0, -np.inf], [0.0, -np.inf]])
    (segment,), score = align(log_probs, [1])
    assert segment.end_frame - segment.start_frame == 1
    assert -math.inf < score < -100


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 25),
    st.lists(
        st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=3), min_size=1, max_size=3),
        min_size=1,
        max_size=4,
    ),
)
def test_of_several_pronunciations_the_likeliest_as_torchaudio_has_it(
    seed: int, frames: int, ways: list[list[list[int]]]
) -> None:
    log_probs = random_log_probs(seed, frames, 4)
    scores, places = [], []
    for chosen in itertools.product(*ways):
        units = [unit for way in chosen for unit in way]
        if frames >= len(units) + sum(a == b for a, b in itertools.pairwise(units)):
            path, along = torchaudio.functional.forced_align(
                torch.from_numpy(log_probs)[None], torch.tensor([units])
            )
            spans = iter(torchaudio.functional.merge_tokens(path[0], along[0]))
            words = [list(itertools.islice(spans, len(way))) for way in chosen]
            places.append([(word[0].start, word[-1].end) for word in words])
            scores.append(float(along.double().sum()))
    assume(scores)
    names = [str(i) for i in range(len(ways))]
    lexicon = Lexicon({name: list(map(tuple, its)) for name, its in zip(names, ways, strict=True)})
    found = align_words(log_probs, names, (BLANK, "a", "b", "c"), lexicon)
    assert found.score == pytest.approx(max(scores))
    likeliest = [
        spans for spans, score in zip(places, scores, strict=True) if score > max(scores) - 1e-9
    ]
    assert [(word.start_frame, word.end_frame) for word in found.words] in likeliest


def test_frames_for_the_shortest_pronunciation_are_enough() -> None:
    lexicon = Lexicon({"one": [(1, 2, 3), (1, 1), (2,)]})
    symbols = (BLANK, "a", "b", "c")
    log_probs = np.log(np.full((3, 4), 0.25))
    found = align_words(log_probs, ["one", "one"], symbols, lexicon)
    assert [(word.start_frame, word.end_frame) for word in found.words] == [(0, 1), (2, 3)]
    with pytest.raises(DataError, match=r"^2 frames .* needs 3 frames"):
        align_words(log_probs[:2], ["one", "one"], symbols, lexicon)


PROBS = np.float32(
    [
        [0.7, 0.1, 0.1, 0.1],
        [0.1, 0.1, 0.7, 0.1],
        [0.5, 0.1, 0.2, 0.2],
        [0.1, 0.1, 0.1, 0.7],
        [0.1, 0.6, 0.2, 0.1],
        [0.0, 0.0, 1.0, 0.0],
    ]
)


def test_words_of_letters() -> None:
    found = align_words(np.log(PROBS + 1e-9), ["ab", "a"], (BLANK, " ", "a", "b"))
    assert [(w.text, w.start_frame, w.end_frame) for w in found.words] == [
        ("ab", 1, 4),
        ("a", 5, 6),
    ]
    assert found.words[0].confidence == pytest.approx((0.7 * 0.5 * 0.7) ** (1 / 3))
    assert found.words[1].confidence == pytest.approx(1.0)
    assert found.score == pytest.approx(math.log(0.7 * 0.7 * 0.5 * 0.7 * 0.6), abs=1e-5)


def test_words_that_are_units_and_words_of_a_lexicon() -> None:
    symbols = (BLANK, "c", "a", "b")
    found = align_words(np.log(PROBS + 1e-9), ["a", "b"], symbols)
    assert [(w.text, w.start_frame) for w in found.words] == [("a", 1), ("b", 3)]
    lexicon = Lexicon({"one": [(2, 3), (1,)], "two": [(1, 2)]})
    found = align_words(np.log(PROBS + 1e-9), ["one", "two"], symbols, lexicon)
    assert [(w.text, w.start_frame, w.end_frame) for w in found.words] == [
        ("one", 1, 4),
        ("two", 4, 6),
    ]


def test_words_that_cannot_be_aligned() -> None:
    with pytest.raises(DataError, match="no 'zoo' for this model; it knows a"):
        align_words(PROBS, ["zoo"], (BLANK, "a", "b", "c"))
    with pytest.raises(DataError, match="no 'z' in 'azb' for this model"):
        align_words(PROBS, ["azb"], (BLANK, " ", "a", "b"))
    with pytest.raises(DataError, match="'zoo' is not in the lexicon"):
        align_words(PROBS, ["zoo"], (BLANK, "a", "b", "c"), Lexicon({"a": [(1,)]}))
