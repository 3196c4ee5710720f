"""Decoding as a share of the network's own time, live and on whole recordings, one thread.

Live, the network runs every 160 ms with as much look-ahead, and the words so far are asked for each
time; whole recordings are heard in windows of 10 s. Medians of CPU time over runs taken in turn.
Without --model the network is untrained, of the default configuration with a CTC head over eleven
words: its time does not depend on its weights, but posteriors are then drawn, as in decoding.py.
The language models are over the model's words: a 3-gram of random sentences, and an untrained
recurrent one of the default configuration. So is the grammar: 200 sentences of five random words.

Usage: python scripts/benchmarks/decoding_share.py [--runs 15] [--width 8]
       [--model FILE --recordings FILE...]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from decoding import BLOCK, FRAMES_PER_S, SURENESS, draw_log_probs
from language import Ngram

from speechrnn.audio import read_audio, resample
from speechrnn.config import parse_config
from speechrnn.decoding.ctc.greedy import GreedyDecoder
from speechrnn.decoding.grammar.compiled import compile_grammar
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.decoding.grammar.parser import parse_grammar
from speechrnn.export.language import export_language
from speechrnn.export.model_file import export_model
from speechrnn.models.command import CommandModel
from speechrnn.models.language import LanguageNetwork
from speechrnn.models.language_config import LanguageModelConfig
from speechrnn.runtime.language_model import RecurrentLanguageModel
from speechrnn.runtime.posteriors import PosteriorStream
from speechrnn.runtime.recognizer import Recognizer
from speechrnn.runtime.sequences import Decoder, beam_decoder
from speechrnn.runtime.tokens import Tokens
from speechrnn.vocabulary import BLANK, Vocabulary

SECONDS = 20  # of drawn posteriors
WORDS = [f"word{i:02}" for i in range(1, 12)]
Work = Callable[[], object]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--model", type=Path, help="with a CTC head over words")
    parser.add_argument("--recordings", type=Path, nargs="+")
    options = parser.parse_args()
    if (options.model is None) != (options.recordings is None):
        parser.error("--model and --recordings go together")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        path = options.model or untrained_model(Path(folder) / "model.onnx")
        recognizer = Recognizer(path)
        info = recognizer.info
        recurrent = untrained_language_model(Path(folder) / "lm.onnx", info.words)
    random = np.random.default_rng(0)
    if options.recordings:
        waves = [load(path, info.sample_rate_hz) for path in options.recordings]
        posteriors = [hear(recognizer, wave, live=False) for wave in waves]
    else:
        noise = 0.05 * random.standard_normal(SECONDS * info.sample_rate_hz)
        waves, posteriors = [noise.astype(np.float32)], [draw_utterance(random, len(info.symbols))]
    seconds = sum(len(wave) for wave in waves) / info.sample_rate_hz
    sentences = [[str(word) for word in random.choice(info.words, 5)] for _ in range(200)]
    grammar = "intent any:\n" + "".join(f"  {' '.join(words)}\n" for words in sentences)
    compiled = compile_grammar(parse_grammar(grammar), info.symbols)
    width = options.width
    for live in (True, False):
        beam = partial(beam_decoder, info, width=width, live=live)
        decoders: dict[str, Decoder | GrammarDecoder] = {
            "greedy": GreedyDecoder(info.symbols),
            f"beam {width}": beam(),
            f"beam {width}, 3-gram": beam(language=Ngram(sentences, 3)),
            f"beam {width}, recurrent language model": beam(language=recurrent),
            f"grammar of {compiled.num_sentences} sentences": GrammarDecoder(compiled),
        }
        works: dict[str, Work] = {"network": partial(hear_all, recognizer, waves, live)}
        for name, decoder in decoders.items():
            works[name] = partial(decode_all, decoder, posteriors, live)
        print(f"{'live' if live else 'whole recordings'}: CPU ms for a second of audio, and shares")
        report(works, options.runs, seconds)


def report(works: dict[str, Work], runs: int, seconds: float) -> None:
    """Time all, in turn; print medians for a second of audio, and shares of the network's."""
    times_ms: dict[str, list[float]] = {name: [] for name in works}
    for run in range(-1, runs):
        for name, work in works.items():
            began = time.process_time()
            work()
            if run >= 0:  # the first warms up
                times_ms[name].append(1e3 * (time.process_time() - began) / seconds)
    network = statistics.median(times_ms["network"])
    for name, values in times_ms.items():
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        share = median / network
        print(f"  {name:36} {median:6.3f}  {share:6.1%}  quartiles {low:.3f} {high:.3f}")


def untrained_model(path: Path) -> Path:
    """The default configuration with nothing but a CTC head."""
    config = parse_config({"model": {"frame_head": "ctc", "pooling": "none"}}, "benchmark")
    export_model(CommandModel(config, Vocabulary([]), Vocabulary([BLANK, *WORDS])), path, {})
    return path


def untrained_language_model(path: Path, words: Sequence[str]) -> RecurrentLanguageModel:
    """The default configuration over some words."""
    tokens = Tokens.of_sentences("words", [words], 1)
    export_language(LanguageNetwork(LanguageModelConfig(), len(tokens)), tokens, path, {})
    return RecurrentLanguageModel(path)


def load(path: Path, rate_hz: int) -> np.ndarray:
    """(S,) a recording at the model's rate."""
    wave, own_hz = read_audio(path)
    return resample(wave, own_hz, rate_hz)


def draw_utterance(random: np.random.Generator, size: int) -> np.ndarray:
    """(T, V) natural log-posteriors of `SECONDS` s."""
    parts = [draw_log_probs(random, size, SURENESS["sure"]) for _ in range(SECONDS)]
    return np.concatenate(parts)[: SECONDS * FRAMES_PER_S]


def hear(recognizer: Recognizer, wave: np.ndarray, live: bool) -> np.ndarray:
    """(T, V) what the network says, in windows of a stream or of a recording."""
    info = recognizer.info
    chunk_ms, look_ahead_ms = (160, 160) if live else (10_000, 1000)
    chunk, look_ahead = (round(ms / info.hop_ms) for ms in (chunk_ms, look_ahead_ms))
    network = PosteriorStream(recognizer.session, info, chunk, look_ahead)
    found = [*network.accept(wave), *network.finish()]
    return np.concatenate([posteriors.frames for posteriors in found])


def hear_all(recognizer: Recognizer, waves: Sequence[np.ndarray], live: bool) -> None:
    """Hear one recording after the other."""
    for wave in waves:
        hear(recognizer, wave, live)


def decode_all(
    decoder: Decoder | GrammarDecoder, posteriors: Sequence[np.ndarray], live: bool
) -> None:
    """Decode one utterance after the other, at once or as they come."""
    for log_probs in posteriors:
        step = BLOCK if live else len(log_probs)
        for start in range(0, len(log_probs), step):
            decoder.accept(log_probs[start : start + step])
            if live:
                decoder.best()
        decoder.finish()


if __name__ == "__main__":
    main()
