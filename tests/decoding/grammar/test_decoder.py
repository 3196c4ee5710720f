from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.decoding.ctc.lexicon import Lexicon
from speechrnn.decoding.grammar.compiled import CompiledGrammar, compile_grammar
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.decoding.grammar.parser import parse_grammar
from speechrnn.decoding.grammar.result import Parse, Rejected
from speechrnn.errors import ConfigError, DataError

HOME = """
intent lights:
    turn (the) {room} light(s) {state}
    lights {state}
intent stop: stop
intent pin: {digit}{4}
room: kitchen | living room
state: 1 = on | 0 = (off | out)
digit: 1 = one | 2 = two
"""
SYMBOLS = (
    *("<blk>", "turn", "the", "kitchen", "living", "room", "light", "lights"),
    *("on", "off", "out", "stop", "one", "two"),
)
HOP, SURE = 4, 8.0  # frames a word; logit of what is said
ENDPOINT = 6


def say(*said: str | int, sure: float = SURE) -> np.ndarray:
    """Posteriors of words, two frames each with blanks behind; numbers are frames of silence."""
    frames: list[int] = []
    for text in said:
        if isinstance(text, int):
            frames += [0] * text
        else:
            for word in text.split():
                frames += [SYMBOLS.index(word)] * 2 + [0] * (HOP - 2)
    logits = np.random.default_rng(0).standard_normal((len(frames), len(SYMBOLS)))
    logits[range(len(frames)), frames] += sure
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


@pytest.fixture(scope="module")
def home() -> CompiledGrammar:
    return compile_grammar(parse_grammar(HOME), SYMBOLS)


def texts(results: Sequence[Parse | Rejected]) -> list[str | None]:
    return [result.text if isinstance(result, Parse) else None for result in results]


def test_intent_slots_and_times(home: CompiledGrammar) -> None:
    decoder = GrammarDecoder(home)
    decoder.accept(say(10, "turn the living room lights out"))
    (parse,) = decoder.finish()
    assert isinstance(parse, Parse)
    assert (parse.intent, parse.slots) == ("lights", {"room": "living room", "state": "0"})
    assert parse.text == "turn the living room lights out"
    starts = [10 + HOP * i for i in range(6)]
    assert [(word.start_frame, word.end_frame) for word in parse.words] == [
        (start, start + 2) for start in starts
    ]
    assert all(0.9 < word.confidence < 1 for word in parse.words)
    assert -1 < parse.score < 0
    assert parse.margin == pytest.approx(6 * 0.02)  # what the filler pays for six words


def test_a_slot_that_is_filled_again_and_again_is_a_list(home: CompiledGrammar) -> None:
    decoder = GrammarDecoder(home)
    decoder.accept(say("one two two one"))
    (parse,) = decoder.finish()
    assert isinstance(parse, Parse)
    assert parse.slots == {"digit": ["1", "2", "2", "1"]}


@pytest.mark.parametrize(
    "text",
    ["one two two", "one two two one two", "turn the light", "stop stop", "the", "two stop"],
)
def test_other_speech_is_rejected(home: CompiledGrammar, text: str) -> None:
    decoder = GrammarDecoder(home, endpoint_frames=ENDPOINT)
    (rejected,) = decoder.accept(say(5, text, 40))
    assert isinstance(rejected, Rejected)
    said = HOP * len(text.split())
    assert (rejected.start_frame, rejected.end_frame) == (5, 5 + said - 2)
    assert rejected.nearest is not None and rejected.nearest.margin < -1
    assert decoder.finish() == []


def test_the_margin_decides(home: CompiledGrammar) -> None:
    unsure = say("turn kitchen lights on", sure=2.0)
    unsure[HOP] = unsure[HOP, ::-1]  # something else than "kitchen" is likelier there
    unsure[HOP + 1] = unsure[HOP + 1, ::-1]
    results = []
    for threshold in (-99.0, -0.1):
        decoder = GrammarDecoder(home, threshold=threshold)
        decoder.accept(unsure)
        results += decoder.finish()
    parse, rejected = results
    assert isinstance(parse, Parse) and isinstance(rejected, Rejected)
    assert rejected.nearest == parse
    assert -99 < parse.margin < -0.1
    decoder = GrammarDecoder(home, threshold=-0.1, filler_cost=0.02 - parse.margin)
    decoder.accept(unsure)
    assert texts(decoder.finish()) == [parse.text]


def test_a_sentence_comes_out_when_a_pause_follows(home: CompiledGrammar) -> None:
    decoder = GrammarDecoder(home, endpoint_frames=ENDPOINT)
    log_probs = say(20, "lights on", 20, "stop", 3, "one two one one", 20)
    emitted = [
        (frame, result)
        for frame in range(len(log_probs))
        for result in decoder.accept(log_probs[frame : frame + 1])
    ]
    assert [frame for frame, _ in emitted] == [
        20 + 2 * HOP - 2 + ENDPOINT - 1,
        # "stop" with digits right behind is no sentence.
        48 + HOP + 3 + 4 * HOP - 2 + ENDPOINT - 1,
    ]
    assert texts([result for _, result in emitted]) == ["lights on", None]
    assert decoder.finish() == []


def test_amid_a_sentence_a_pause_may_be_longer(home: CompiledGrammar) -> None:
    decoder = GrammarDecoder(home, endpoint_frames=ENDPOINT)
    assert texts(decoder.accept(say("one two", 2 * ENDPOINT, "one one", 20))) == ["one two one one"]
    assert texts(decoder.accept(say("one two", 3 * ENDPOINT, "one one", 20))) == [None, None]


def test_silence_is_nothing(home: CompiledGrammar) -> None:
    decoder = GrammarDecoder(home, threshold=-99, endpoint_frames=ENDPOINT)
    assert decoder.accept(say(200)) == []
    assert decoder.best().words == ()
    assert decoder.finish() == decoder.finish() == []


def test_what_was_said_so_far(home: CompiledGrammar) -> None:
    decoder = GrammarDecoder(home)
    log_probs = say("turn the kitchen lights on")
    so_far = []
    for start in range(0, len(log_probs), HOP):
        decoder.accept(log_probs[start : start + HOP])
        so_far.append(decoder.best().text)
    words = ["turn", "the", "kitchen", "lights", "on"]
    assert so_far == [" ".join(words[: count + 1]) for count in range(5)]
    decoder.accept(say("room room"))
    assert decoder.best().text == ""


def test_finish_begins_anew(home: CompiledGrammar) -> None:
    decoder = GrammarDecoder(home)
    log_probs = say(3, "lights off")
    decoder.accept(log_probs)
    first = decoder.finish()
    assert decoder.num_frames == 0
    decoder.accept(log_probs)
    assert decoder.finish() == first != []


def test_decoders_share_a_grammar(home: CompiledGrammar) -> None:
    one, other = GrammarDecoder(home), GrammarDecoder(home)
    one.accept(say("lights"))
    other.accept(say("stop"))
    one.accept(say("on"))
    assert texts(one.finish() + other.finish()) == ["lights on", "stop"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 150), max_size=6), st.integers(0, 3))
def test_results_do_not_depend_on_how_frames_are_cut(cuts: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    said = [str(random.choice(SYMBOLS[1:])) for _ in range(20)]
    said[4:8] = "one", "one", "two", "one"
    log_probs = say(*said[:4], 9, *said[4:8], 9, *said[8:], sure=4)
    grammar = compile_grammar(parse_grammar(HOME), SYMBOLS)
    results = []
    for points in ([], sorted(min(cut, len(log_probs)) for cut in cuts)):
        decoder = GrammarDecoder(grammar, endpoint_frames=ENDPOINT)
        found = [x for part in np.split(log_probs, points) for x in decoder.accept(part)]
        results.append(found + decoder.finish())
    assert results[0] == results[1]
    assert "one one two one" in texts(results[0])


def test_spotting_finds_sentences_amid_other_speech() -> None:
    grammar = compile_grammar(parse_grammar(HOME), SYMBOLS, spotting=True)
    decoder = GrammarDecoder(grammar, endpoint_frames=ENDPOINT)
    log_probs = say(3, "out the room turn kitchen lights on the room the room the room", 20)
    (frame, parse), *rest = [
        (frame, result)
        for frame in range(len(log_probs))
        for result in decoder.accept(log_probs[frame : frame + 1])
    ]
    assert isinstance(parse, Parse) and parse.text == "turn kitchen lights on"
    bounds = parse.words[0].start_frame, parse.words[-1].end_frame
    assert bounds == (3 + 3 * HOP, 3 + 7 * HOP - 2)
    assert frame == bounds[1] + ENDPOINT - 1  # though speech goes on
    assert texts([result for _, result in rest]) == [None]


def test_posteriors_of_zero(home: CompiledGrammar) -> None:
    said = [0, SYMBOLS.index("lights"), 0, SYMBOLS.index("on"), 0]
    log_probs = np.full((len(said), len(SYMBOLS)), -np.inf, np.float32)
    log_probs[range(len(said)), said] = 0
    decoder = GrammarDecoder(home)
    decoder.accept(log_probs)
    (parse,) = decoder.finish()
    assert isinstance(parse, Parse) and parse.text == "lights on"
    assert (parse.score, parse.margin) == (0, 0.04)
    decoder.accept(log_probs[:3])
    assert decoder.finish() == [Rejected(1, 2, None)]


def test_memory_does_not_grow() -> None:
    grammar = compile_grammar(parse_grammar("intent x: {d}{2,9} stop\nd: one | two"), SYMBOLS)
    decoder = GrammarDecoder(grammar, endpoint_frames=10_000)
    history = decoder._search._history
    log_probs = say(*["one", "two", "the"] * 40, sure=2)
    sizes = []
    for _ in range(12):
        decoder.accept(log_probs)
        sizes.append(len(history._links))
    assert decoder.num_frames > 5000
    assert max(sizes[6:]) <= max(sizes[:6]) < 3000


def test_words_are_spelt_or_in_the_lexicon() -> None:
    lexicon = Lexicon({"on": [(1, 2)], "off": [(1, 3), (1, 3, 3)]})
    symbols = ("<blk>", "O", "N", "F")
    path = [1, 0, 3, 0, 3, 0, 0, 1, 2]
    log_probs = np.log(np.full((len(path), 4), 0.02) + 0.92 * np.eye(4)[path])
    decoder = GrammarDecoder(
        compile_grammar(parse_grammar("intent x: (on | off)+"), symbols, lexicon)
    )
    decoder.accept(log_probs)
    (parse,) = decoder.finish()
    assert isinstance(parse, Parse)
    words = [(word.text, word.start_frame, word.end_frame) for word in parse.words]
    assert words == [("off", 0, 5), ("on", 7, 9)]


@pytest.mark.parametrize(
    ("symbols", "lexicon", "message"),
    [
        (
            ("<blk>", "kitchen", "chicken", "light"),
            None,
            "home:2:8: the model has no word 'kichen'; did you mean 'kitchen' or 'chicken'?",
        ),
        (
            ("<blk>", "light", "on"),
            None,
            "home:2:8: the model has no word 'kichen'; it knows light on",
        ),
        (
            ("<blk>", " ", *"light"),
            None,
            "home:2:8: the model has no character 'k', as in 'kichen'; it knows l i g h t",
        ),
        (
            ("<blk>", "l", "k"),
            Lexicon({"light": [(1,)], "kitchen": [(2,)]}),
            "home:2:8: the lexicon has no word 'kichen'; did you mean 'kitchen'?",
        ),
    ],
)
def test_a_word_that_the_model_does_not_know(
    symbols: tuple[str, ...], lexicon: Lexicon | None, message: str
) -> None:
    grammar = parse_grammar("intent x: light <r>\nr: a = kichen", "home")
    with pytest.raises(DataError) as caught:
        compile_grammar(grammar, symbols, lexicon)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text", ["(a{999}){999}", "(a | b)* a (a | b){30}", "<r>{99}\nr: <q>{99}\nq: a{99}"]
)
def test_a_grammar_that_becomes_too_large(text: str) -> None:
    with pytest.raises(DataError, match=r"^home: .* more than 100,000 "):
        compile_grammar(parse_grammar(f"intent x: {text}", "home"), ("<blk>", "a", "b"))


@pytest.mark.parametrize(
    "options",
    [
        {"filler_cost": -0.1},
        {"filler_cost": np.inf},
        {"threshold": np.nan},
        {"endpoint_frames": 0},
    ],
)
def test_numbers_out_of_range(home: CompiledGrammar, options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"grammar: {next(iter(options))} is"):
        GrammarDecoder(home, **options)  # type: ignore[arg-type]


def test_what_sentences_share_is_there_once() -> None:
    grammar = parse_grammar(HOME + "intent more: turn {state} [the] {room} (light | lights) [out]")
    compiled = compile_grammar(grammar, SYMBOLS)
    assert compiled.num_sentences == 24 + 3 + 1 + 16 + 48
    assert len(compiled.network.units) < 120


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a{9000}", 1),
        ("a{1,9000} b", 9000),
        (f"<r>+\nr: {'(' * 9}{{q}}{'+)' * 9}+\nq: {'(' * 9}a{'+)' * 9}+", None),
    ],
)
def test_long_and_deep_grammars_compile(text: str, count: int | None) -> None:
    compiled = compile_grammar(parse_grammar(f"intent x: {text}"), ("<blk>", "a", "b"))
    assert compiled.num_sentences == count
    assert compiled.interpret(["b"]) is None
    assert compiled.interpret(["a"] * 9000 + ["b"] * (count == 9000)) is not None
