"""Grammars: milliseconds for a second of posteriors, by size of the grammar, on one thread.

Medians and quartiles over runs taken in turn. "phrases" is a home's grammar, with rooms, devices
and digits; "list" is as many unrelated sentences of 3 to 7 words out of 100, which share little.
Words are units themselves, or spelt in characters. Posteriors are drawn, 25 frames a second, four
at a time: what is in them does not change the time.

Usage: python scripts/benchmarks/grammar.py [--runs 11] [--seconds 20]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator

import numpy as np

from speechrnn.decoding.grammar.compiled import CompiledGrammar, compile_grammar
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.decoding.grammar.parser import parse_grammar
from speechrnn.vocabulary import BLANK

FRAMES_PER_S = 25
BLOCK = 4  # frames of a chunk of 160 ms
SIZES = (10, 200, 2000)
PHRASES = {
    10: "turn (the) light {state} | <cut> | good night | stop",
    200: "turn (the) {room} {device} {state} | <cut> | set timer {number} minutes",
    2000: "turn (the) {room} {device} {state} | <cut> | set timer {number} minutes"
    " | set {room} {device} to {number} | call {number} {number} {number}",
}
RULES = """
cut: lights out | quiet | wake me at {state}
room: kitchen | bath room | hall | cellar | living room | garden | office | attic | porch | study
  bed room | garage
device: light(s) | fan | radio
state: on | off
number: one | two | three | four | five | six | seven | eight | nine | ten | eleven
"""
SYLLABLES = ("ba", "de", "fi", "go", "lu", "ma", "ne", "ri", "so", "tu")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    decoders = {}
    for name, text in texts():
        for units in ("words", "characters"):
            began = time.process_time()
            grammar, size = compiled(text, units)
            spent_s = time.process_time() - began
            network = grammar.network
            print(
                f"{name}, {units}: {grammar.num_sentences} sentences, {len(network.units)} states, "
                f"{len(network.source)} arcs, compiled in {spent_s:.2f} s"
            )
            decoders[f"{name}, {units}"] = (GrammarDecoder(grammar), blocks(size, options.seconds))
    times_ms: dict[str, list[float]] = {name: [] for name in decoders}
    for run in range(-1, options.runs):
        for name, (decoder, log_probs) in decoders.items():
            began = time.process_time()
            for block in log_probs:
                decoder.accept(block)
                decoder.best()
            decoder.finish()
            if run >= 0:  # the first warms up
                times_ms[name].append(1e3 * (time.process_time() - began) / options.seconds)
    print("CPU ms for a second of audio, one thread")
    for name, values in times_ms.items():
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        print(f"  {name:24} median {median:.2f}  quartiles {low:.2f} {high:.2f}")


def texts() -> Iterator[tuple[str, str]]:
    """Grammars by name."""
    random = np.random.default_rng(0)
    words = [a + b for a in SYLLABLES for b in SYLLABLES]
    for size in SIZES:
        yield f"phrases {size}", f"intent x: {PHRASES[size]}\n{RULES}"
        sentences: set[str] = set()
        while len(sentences) < size:
            sentences.add(" ".join(random.choice(words, random.integers(3, 8))))
        yield f"list {size}", "intent x:\n" + "".join(f"  {text}\n" for text in sorted(sentences))


def compiled(text: str, units: str) -> tuple[CompiledGrammar, int]:
    """A grammar over words or characters, and the number of symbols."""
    grammar = parse_grammar(text)
    if units == "words":
        symbols = [BLANK, *grammar.words]
    else:
        symbols = [BLANK, " ", *"abcdefghijklmnopqrstuvwxyz"]
    return compile_grammar(grammar, symbols), len(symbols)


def blocks(size: int, seconds: float) -> list[np.ndarray]:
    """Posteriors of so many symbols in blocks of (BLOCK, V)."""
    random = np.random.default_rng(0)
    frames = round(seconds * FRAMES_PER_S)
    logits = random.standard_normal((frames, size))
    logits[:, 0] += 8
    for start in np.cumsum(random.integers(6, 20, frames)):
        if start < frames:
            logits[start : start + random.integers(1, 4), random.integers(1, size)] += 12
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return [log_probs[start : start + BLOCK] for start in range(0, frames, BLOCK)]


if __name__ == "__main__":
    main()
