"""Sequences read from recordings and from streams."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn import Event, Stream, load_model
from speechrnn.decoding.ctc.beam import BeamDecoder
from speechrnn.decoding.ctc.greedy import GreedyDecoder
from speechrnn.decoding.grammar.compiled import compile_grammar
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.decoding.grammar.parser import parse_grammar
from speechrnn.models.command import CommandModel
from speechrnn.runtime.reader import SentenceReader, WordReader

SYMBOLS = ("<blk>", "go", "no", "stop")
FRAME_MS = 40.0
PAUSE = 15  # frames of 600 ms


def track(*symbols: int) -> np.ndarray:
    """Log-posteriors of a path that is nearly sure."""
    probs = np.full((len(symbols), len(SYMBOLS)), 0.02)
    probs[np.arange(len(symbols)), symbols] = 0.94
    return np.log(probs).astype(np.float32)


def read(frames: np.ndarray, cuts: list[int]) -> list[tuple[str, int, int]]:
    reader = WordReader(GreedyDecoder(SYMBOLS), len(SYMBOLS), FRAME_MS)
    words, first = [], 0
    for part in np.split(frames, cuts):
        if len(part):
            words += reader.accept(first, part)
            first += len(part)
    words += reader.flush()
    return [(word.text, word.start_frame, word.end_frame) for word in words]


SPOKEN = track(0, 1, 1, 0, 2, *[0] * 20, 3, 0, 3, 3, *[0] * 40, 1)
WORDS = [("go", 1, 3), ("no", 4, 5), ("stop", 25, 26), ("stop", 27, 29), ("go", 69, 70)]


def test_reads_utterance_after_utterance_in_frames_of_the_stream() -> None:
    assert read(SPOKEN, []) == WORDS


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, len(SPOKEN)), max_size=8))
def test_cuts_change_nothing(cuts: list[int]) -> None:
    assert read(SPOKEN, sorted(cuts)) == WORDS


def test_a_pause_ends_what_is_pending() -> None:
    reader = WordReader(BeamDecoder(SYMBOLS), len(SYMBOLS), FRAME_MS)
    uncertain = np.log(np.array([[0.02, 0.5, 0.46, 0.02]], np.float32))
    assert reader.accept(0, np.concatenate([track(0), uncertain])) == []
    assert reader.pending == "go"
    words = reader.accept(2, track(*[0] * (PAUSE - 1)))
    assert reader.pending == "go" and words == []
    assert [word.text for word in reader.accept(PAUSE + 1, track(0, 0))] == ["go"]
    assert reader.pending == ""


def test_frames_that_were_lost_end_an_utterance() -> None:
    reader = WordReader(GreedyDecoder(SYMBOLS), len(SYMBOLS), FRAME_MS)
    reader.accept(0, track(0, 1))
    words = reader.accept(10, track(1, 0))
    assert [(word.text, word.start_frame) for word in words] == [("go", 1), ("go", 10)]


def test_latest_posteriors_are_those_of_the_last_frame() -> None:
    reader = WordReader(GreedyDecoder(SYMBOLS), len(SYMBOLS), FRAME_MS)
    reader.accept(0, track(0, 3))
    np.testing.assert_allclose(reader.latest, [0.02, 0.02, 0.02, 0.94], atol=1e-6)


Exported = tuple[CommandModel, Path]


def wave(seconds: float) -> np.ndarray:
    samples = round(8000 * seconds)
    swell = np.sin(np.arange(samples) / 2500) ** 2
    return (0.3 * swell * np.random.default_rng(1).standard_normal(samples)).astype(np.float32)


@pytest.mark.parametrize("kind", ["ctc alone", "ctc beside a clip head"])
def test_a_recording_reads_as_the_network_hears_it(
    exported: Callable[[str], Exported], kind: str
) -> None:
    model, path = exported(kind)
    samples = wave(3.0)
    with torch.no_grad():
        feats, lens = model.features(torch.from_numpy(samples)[None], torch.tensor([len(samples)]))
        hidden, _ = model.hidden(feats, lens)
        log_probs = model.frame_output(hidden)[0].log_softmax(-1).numpy()
    decoder = BeamDecoder(model.symbols.symbols)
    decoder.accept(log_probs)
    expected = decoder.finish()
    transcript = load_model(path).transcribe(samples, 8000)
    assert transcript.text == expected[0].text
    assert [segment.word for segment in transcript.segments] == transcript.text.split()
    assert [a.word for a in transcript.alternatives] == [h.text for h in expected[:5]]
    assert transcript.alternatives[0].confidence == pytest.approx(transcript.confidence)
    assert transcript.duration_s == pytest.approx(3.0)


def test_a_long_recording_is_read_in_windows(exported: Callable[[str], Exported]) -> None:
    _, path = exported("ctc alone")
    transcript = load_model(path).transcribe(wave(25.0), 8000, decoder=GreedyDecoder(SYMBOLS))
    times = [segment.start_s for segment in transcript.segments]
    assert times == sorted(times) and all(s.end_s <= 25.0 for s in transcript.segments)


def events(path: Path, blocks: list[np.ndarray]) -> list[Event]:
    stream = Stream(path, decoder=GreedyDecoder(SYMBOLS))
    found = [event for block in blocks for event in stream.accept(block)]
    return found + stream.finish()


def test_a_stream_does_not_depend_on_its_blocks(exported: Callable[[str], Exported]) -> None:
    _, path = exported("ctc alone")
    samples = wave(6.0)
    whole = events(path, [samples])
    assert events(path, np.split(samples, [1, 777, 8000, 8001, 30_000])) == whole
    stream = Stream(path)
    assert stream.words == SYMBOLS[1:] and len(stream.posteriors) == 3
    assert stream.pending == ""


PIN = "intent pin: {digit}{2}\ndigit: 1 = go | 2 = no\n"


def sentence_reader() -> SentenceReader:
    grammar = compile_grammar(parse_grammar(PIN), SYMBOLS)
    return SentenceReader(GrammarDecoder(grammar), len(SYMBOLS))


def test_reads_sentences_of_a_grammar_in_a_stream() -> None:
    reader = sentence_reader()
    spoken = track(0, 1, 0, 2, 0)
    assert reader.accept(0, track(*[0] * 30)) == []
    assert reader.accept(30, spoken) == [] and reader.pending == "go no"
    (sentence,) = reader.accept(35, track(*[0] * 30))
    assert (sentence.text, sentence.start_frame, sentence.end_frame) == ("go no", 31, 34)
    assert sentence.intent == "pin" and sentence.slots == {"digit": ["1", "2"]}
    assert sentence.confidence > 0.9
    assert reader.accept(200, track(3, 0, 3)) == [] and reader.flush() == []


def test_cuts_change_no_sentence() -> None:
    frames = np.concatenate([track(0, 1, 0, 2), track(*[0] * 40), track(2, 0, 2, 0)])
    results = []
    for cuts in ([], [1, 2, 3, 17], list(range(1, len(frames)))):
        reader, found, first = sentence_reader(), [], 0
        for part in np.split(frames, cuts):
            found += reader.accept(first, part)
            first += len(part)
        results.append(found + reader.flush())
    assert [s.text for s in results[0]] == ["go no", "no no"]
    assert results[0] == results[1] == results[2]


def test_a_grammar_gives_intent_and_slots_to_transcripts_and_events(
    exported: Callable[[str], Exported],
) -> None:
    _, path = exported("ctc alone")
    grammar = compile_grammar(parse_grammar("intent any: (go | no | stop)+\n"), SYMBOLS)
    decoder = GrammarDecoder(grammar, filler_cost=100.0)  # nothing but sentences
    transcript = load_model(path).transcribe(wave(3.0), 8000, decoder=decoder)
    assert transcript.segments and transcript.text
    assert transcript.as_dict()["segments"][0]["intent"] == "any"
    stream = Stream(path, decoder=decoder)
    found = stream.accept(wave(3.0)) + stream.finish()
    assert found and found[0].as_dict()["slots"] == {}


def test_a_beam_that_ends_at_pauses_reads_what_one_over_all_frames_reads() -> None:
    frames = 2 * SPOKEN  # surer: no word is heard for the many places where it might be
    frames -= np.log(np.exp(frames).sum(axis=1, keepdims=True))
    whole = BeamDecoder(SYMBOLS)
    whole.accept(frames)
    expected = whole.finish()[0].words
    reader = WordReader(BeamDecoder(SYMBOLS, horizon_frames=50), len(SYMBOLS), FRAME_MS)
    words = reader.accept(0, frames) + reader.flush()
    assert [(w.text, w.start_frame, w.end_frame) for w in expected] == WORDS
    assert [(w.text, w.start_frame, w.end_frame) for w in words] == WORDS
    assert [w.confidence for w in words] == pytest.approx([w.confidence for w in expected])
