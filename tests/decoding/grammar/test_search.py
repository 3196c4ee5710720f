"""The search against every path through a few frames."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

from speechrnn.decoding.ctc.lexicon import Lexicon
from speechrnn.decoding.grammar import history
from speechrnn.decoding.grammar.compiled import compile_grammar
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.decoding.grammar.parser import parse_grammar
from speechrnn.decoding.grammar.result import Parse, Rejected

SYMBOLS = ("<blk>", "a", "b")
COSTS = (0.0, 0.7)  # of a unit of the filler

# What may be said, as a grammar and as a regular expression over units.
GRAMMARS = [
    ("a", "a"),
    ("a b", "ab"),
    ("a a", "aa"),
    ("a [b] | b a b", "ab?|bab"),
    ("a+", "a+"),
    ("(a | b){2}", "[ab]{2}"),
    ("(a | b)+ b", "[ab]+b"),
    ("a b* a | b", "ab*a|b"),
]


class Path(NamedTuple):
    score: float
    units: str  # what is said, repeats joined and blanks left out
    segments: list[tuple[int, int]]


def posteriors(frames: int, size: int, seed: int) -> np.ndarray:
    scores = 2 * np.random.default_rng(seed).standard_normal((frames, size))
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def paths(log_probs: np.ndarray, symbols: tuple[str, ...]) -> Iterator[Path]:
    frames, size = log_probs.shape
    for path in itertools.product(range(size), repeat=frames):
        runs = [(unit, len(list(run))) for unit, run in itertools.groupby(path)]
        ends = list(itertools.accumulate(length for _, length in runs))
        segments = [
            (end - length, end) for (unit, length), end in zip(runs, ends, strict=True) if unit
        ]
        units = "".join(symbols[unit] for unit, _ in runs if unit)
        yield Path(sum(log_probs[range(frames), path]), units, segments)


def best_sentence(found: list[Path], pattern: str) -> Path | None:
    sentences = [path for path in found if re.fullmatch(pattern, path.units)]
    return max(sentences, default=None)


def best_filler(found: list[Path], cost: float) -> float:
    return max(path.score - cost * len(path.units) for path in found)


def decode(
    decoder: GrammarDecoder, log_probs: np.ndarray, cuts: tuple[int, ...] = ()
) -> Parse | Rejected | None:
    results = [
        result for part in np.split(log_probs, cuts) for result in decoder.accept(part)
    ] + decoder.finish()
    assert len(results) < 2
    return results[0] if results else None


def nearest(result: Parse | Rejected | None) -> Parse | None:
    return result.nearest if isinstance(result, Rejected) else result


@pytest.mark.parametrize(("text", "pattern"), GRAMMARS)
@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("frames", [1, 2, 5])
def test_sentence_and_filler_are_the_best_of_all_paths(
    text: str, pattern: str, cost: float, frames: int
) -> None:
    grammar = compile_grammar(parse_grammar(f"intent x: {text}"), SYMBOLS)
    decoder = GrammarDecoder(grammar, filler_cost=cost, threshold=-0.5, endpoint_frames=99)
    for seed in range(10):
        log_probs = posteriors(frames, len(SYMBOLS), seed)
        found = list(paths(log_probs, SYMBOLS))
        sentence, filler = best_sentence(found, pattern), best_filler(found, cost)
        silence = log_probs[:, 0].sum()
        result = decode(decoder, log_probs)
        if sentence is not None and sentence.score > max(silence, filler - 0.5):
            assert isinstance(result, Parse)
        elif filler > silence:
            assert isinstance(result, Rejected)
        else:
            assert result is None
        parse = nearest(result)
        assert (parse is None) == (result is None or sentence is None)
        if parse is None or sentence is None:
            continue
        assert "".join(parse.text.split()) == sentence.units
        assert parse.margin == pytest.approx(sentence.score - filler)
        assert [(word.start_frame, word.end_frame) for word in parse.words] == sentence.segments
        outside = [*range(sentence.segments[0][0]), *range(sentence.segments[-1][1], frames)]
        assert parse.score == pytest.approx(sentence.score - log_probs[outside, 0].sum())
        for word in parse.words:
            heard = log_probs[word.start_frame : word.end_frame, SYMBOLS.index(word.text)]
            assert word.confidence == pytest.approx(np.exp(heard.mean()))


@pytest.mark.parametrize(("text", "pattern"), GRAMMARS)
@pytest.mark.parametrize("cost", COSTS)
def test_a_sentence_amid_other_speech_is_the_best_of_all_paths(
    text: str, pattern: str, cost: float
) -> None:
    grammar = compile_grammar(parse_grammar(f"intent x: {text}"), SYMBOLS, spotting=True)
    decoder = GrammarDecoder(grammar, filler_cost=cost, threshold=-99, endpoint_frames=99)
    for seed in range(10):
        log_probs = posteriors(5, len(SYMBOLS), seed)
        found = list(paths(log_probs, SYMBOLS))
        sentences = [
            (path.score - cost * (len(path.units) - (last - first)), path, first, last)
            for path in found
            for first, last in itertools.combinations(range(len(path.units) + 1), 2)
            if re.fullmatch(pattern, path.units[first:last])
        ]
        score = max(sentences)[0]
        parse = nearest(decode(decoder, log_probs))
        assert parse is not None
        assert parse.margin == pytest.approx(score - best_filler(found, cost))
        # Both "ab" and "ba" in "aba", for one, are equally good.
        said = ("".join(parse.text.split()), [(w.start_frame, w.end_frame) for w in parse.words])
        assert said in [
            (path.units[first:last], path.segments[first:last])
            for other, path, first, last in sentences
            if other == pytest.approx(score)
        ]


def test_words_of_several_units() -> None:
    """Pronunciations that begin alike, one the beginning of another, one within another word."""
    symbols = ("<blk>", "x", "y", "z")
    lexicon = Lexicon({"A": [(1,), (1, 2)], "B": [(2,)], "C": [(2, 3, 2)]})
    says = {"A": "(?:x|xy)", "B": "y", "C": "yzy"}
    for text in ("A B", "A [B] | B", "A+", "(A | C) B | C C", "C"):
        pattern = re.sub("[ABC]", lambda match: says[match[0]], text.replace(" ", ""))
        pattern = pattern.replace("[", "(?:").replace("]", ")?")
        grammar = compile_grammar(parse_grammar(f"intent x: {text}"), symbols, lexicon)
        decoder = GrammarDecoder(grammar, filler_cost=0.7, endpoint_frames=99)
        for seed in range(5):
            log_probs = posteriors(5, len(symbols), seed)
            found = list(paths(log_probs, symbols))
            sentence = best_sentence(found, pattern)
            parse = nearest(decode(decoder, log_probs))
            assert sentence is not None and parse is not None
            assert parse.margin == pytest.approx(sentence.score - best_filler(found, 0.7))
            assert re.fullmatch("".join(says[word.text] for word in parse.words), sentence.units)
            bounds = [(word.start_frame, word.end_frame) for word in parse.words]
            first, last = sentence.segments[0], sentence.segments[-1]
            assert (bounds[0][0], bounds[-1][1]) == (first[0], last[1])
            assert all(one[1] <= two[0] for one, two in itertools.pairwise(bounds))


def test_spelt_words_have_a_separator_between() -> None:
    symbols = ("<blk>", " ", "a", "b")
    for text, pattern in (("ab a | b", " *(ab +a|b) *"), ("a+", " *a( +a)* *")):
        grammar = compile_grammar(parse_grammar(f"intent x: {text}"), symbols)
        decoder = GrammarDecoder(grammar, filler_cost=0.7, endpoint_frames=99)
        for seed in range(10):
            log_probs = posteriors(5, len(symbols), seed)
            found = list(paths(log_probs, symbols))
            sentence = best_sentence(found, pattern)
            parse = nearest(decode(decoder, log_probs))
            assert sentence is not None and parse is not None
            assert parse.margin == pytest.approx(sentence.score - best_filler(found, 0.7))
            assert parse.text == " ".join(sentence.units.split())


def test_cuts_and_the_room_for_history_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    grammar = compile_grammar(parse_grammar("intent x: (a | b a){2,9} b"), SYMBOLS)
    log_probs = posteriors(60, len(SYMBOLS), 0)
    whole = decode(GrammarDecoder(grammar, threshold=-math.inf, endpoint_frames=99), log_probs)
    assert isinstance(whole, Parse) and len(whole.words) > 9
    for cuts in ((1,), (7, 7, 30), tuple(range(60))):
        decoder = GrammarDecoder(grammar, threshold=-math.inf, endpoint_frames=99)
        assert decode(decoder, log_probs, cuts) == whole
    monkeypatch.setattr(history, "_FRAMES", 1)
    decoder = GrammarDecoder(grammar, threshold=-math.inf, endpoint_frames=99)
    assert decode(decoder, log_probs) == whole


def test_of_equal_paths_always_the_same_one_counts() -> None:
    grammar = compile_grammar(parse_grammar("intent x: b | a\nintent y: a"), SYMBOLS)
    decoder = GrammarDecoder(grammar)
    log_probs = np.log(np.array([[0.2, 0.4, 0.4]] * 3))
    for cuts in ((), (1,), (2,)):
        result = decode(decoder, log_probs, cuts)
        assert isinstance(result, Parse) and result.text == "b"
    # To stay in the word is preferred to having waited for it.
    decoder.accept(np.log(np.array([[0.4, 0.2, 0.4], [0.4, 0.2, 0.4], [0.1, 0.1, 0.8]])))
    (parse,) = decoder.finish()
    assert isinstance(parse, Parse)
    assert [(word.text, word.start_frame, word.end_frame) for word in parse.words] == [("b", 0, 3)]
