"""Confidences of models that were calibrated, and of streams beside whole recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from speechrnn import Event, Stream, load_model
from speechrnn.decoding.acceptance import Acceptance
from speechrnn.decoding.confidence import ConfidenceMap
from speechrnn.decoding.ctc.beam import BeamDecoder
from speechrnn.decoding.ctc.greedy import GreedyDecoder
from speechrnn.decoding.grammar.compiled import compile_grammar
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.decoding.grammar.parser import parse_grammar
from speechrnn.decoding.grammar.result import Parse
from speechrnn.evaluation.sequences.alignment import align_words, count_edits
from speechrnn.runtime.metadata import write_confidence
from speechrnn.runtime.posteriors import PosteriorStream
from speechrnn.runtime.sequences import Decoder, decode, grammar_decoder
from speechrnn.runtime.spoken import spoken_sentence, spoken_word

SYMBOLS = ("<blk>", "go", "no", "stop")
MAP = ConfidenceMap(0.5, 1.0, {"words": 7})
ANY = compile_grammar(parse_grammar("intent any: (go | no | stop)+\n"), SYMBOLS)
DECODERS: dict[str, Callable[[], Decoder | GrammarDecoder]] = {
    "greedy": lambda: GreedyDecoder(SYMBOLS),
    "beam": lambda: BeamDecoder(SYMBOLS, width=4, horizon_frames=30),
    "grammar": lambda: GrammarDecoder(ANY, filler_cost=100.0),
}


@pytest.fixture
def raw(exported: Callable) -> Path:
    path: Path = exported("ctc alone")[1]
    return path


@pytest.fixture
def mapped(raw: Path, tmp_path: Path) -> Path:
    path = tmp_path / "mapped.onnx"
    path.write_bytes(raw.read_bytes())
    write_confidence(path, MAP, {})
    return path


def wave(seconds: float, seed: int = 1) -> np.ndarray:
    samples = round(8000 * seconds)
    swell = np.sin(np.arange(samples) / 2500) ** 2
    noise = np.random.default_rng(seed).standard_normal(samples)
    return (0.3 * swell * noise).astype(np.float32)


def live(path: Path, kind: str, samples: np.ndarray, cuts: list[int]) -> list[Event]:
    stream = Stream(path, chunk_ms=160, look_ahead_ms=80, decoder=DECODERS[kind]())
    found = [event for block in np.split(samples, cuts) for event in stream.accept(block)]
    return found + stream.finish()


@pytest.mark.parametrize("kind", DECODERS)
def test_a_stream_reads_what_the_whole_recording_cut_the_same_way_holds(
    mapped: Path, kind: str
) -> None:
    recognizer = load_model(mapped)
    info = recognizer.info
    frames_of = [round(ms / info.hop_ms) for ms in (160, 80)]
    said = ["go stop no", "stop", "no no go", "go"]
    wrong = {"live": 0, "whole": 0}
    for seed, text in enumerate(said):
        samples = wave(3.0 + seed, seed)
        whole = PosteriorStream(recognizer.session, info, *frames_of)
        pieces = [its.frames for its in [*whole.accept(samples), *whole.finish()]]
        found = decode([np.concatenate(pieces)], DECODERS[kind]())
        if kind == "grammar":
            spoken = [spoken_sentence(its, 0, MAP) for its in found if isinstance(its, Parse)]
        else:
            spoken = [spoken_word(word, 0, MAP) for word in found[0].words]
        events = live(mapped, kind, samples, [1, 700, 9000 + 977 * seed])
        assert spoken and [event.word for event in events] == [its.text for its in spoken]
        for event, its in zip(events, spoken, strict=True):
            end_s = min(its.end_frame * info.hop_ms / 1000, len(samples) / 8000)
            assert event.start_s == pytest.approx(its.start_frame * info.hop_ms / 1000)
            assert event.end_s == pytest.approx(end_s)
            assert event.confidence == pytest.approx(its.confidence, abs=1e-5)
        for way, texts in (("live", [e.word for e in events]), ("whole", [s.text for s in spoken])):
            heard = " ".join(texts).split()
            wrong[way] += count_edits(align_words([text.split()], [heard])[0]).total
    assert wrong["live"] == wrong["whole"] > 0


def test_a_map_is_applied_to_the_words_of_recordings_and_streams(raw: Path, mapped: Path) -> None:
    samples = wave(4.0)
    decoder = DECODERS["greedy"]
    before = load_model(raw).transcribe(samples, 8000, decoder=decoder())
    after = load_model(mapped).transcribe(samples, 8000, decoder=decoder())
    assert after.text == before.text and before.segments
    expected = [MAP.apply(segment.confidence) for segment in before.segments]
    assert [segment.confidence for segment in after.segments] == pytest.approx(expected)
    assert after.confidence == pytest.approx(np.mean(expected))
    assert after.as_dict()["segments"][0]["confidence"] == round(expected[0], 4)
    assert after.alternatives == before.alternatives  # shares of likelihood, as they are
    assert not Stream(raw).calibrated and Stream(mapped).calibrated
    plain, heard = live(raw, "greedy", samples, []), live(mapped, "greedy", samples, [])
    assert [event.confidence for event in heard] == pytest.approx(
        [MAP.apply(event.confidence) for event in plain]
    )


def test_a_sentence_is_right_where_all_its_words_are(mapped: Path) -> None:
    samples = wave(4.0)
    transcript = load_model(mapped).transcribe(samples, 8000, decoder=DECODERS["grammar"]())
    recognizer = load_model(mapped)
    network = PosteriorStream(recognizer.session, recognizer.info, 250, 25)
    frames = [its.frames for its in [*network.accept(samples), *network.finish()]]
    (sentence,) = decode(frames, DECODERS["grammar"]())
    confidences = [MAP.apply(word.confidence) for word in sentence.words]
    assert transcript.segments[0].confidence == pytest.approx(np.prod(confidences), rel=1e-4)


def test_a_grammar_that_was_calibrated_with_gets_its_threshold(raw: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(raw.read_bytes())
    grammar = tmp_path / "pin.txt"
    grammar.write_text("intent any: (go | no | stop)+  # whatever\n")
    info = load_model(path).info
    assert grammar_decoder(info, grammar).threshold == -1
    write_confidence(path, None, {ANY.digest: Acceptance(-0.25, {})})
    info = load_model(path).info
    assert grammar_decoder(info, grammar).threshold == -0.25
    grammar.write_text("intent any: (go | no)+\n")
    assert grammar_decoder(info, grammar).threshold == -1
