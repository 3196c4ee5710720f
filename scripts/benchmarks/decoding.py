"""Decoding: CPU milliseconds for a second of posteriors, greedy and by beam search, one thread.

Medians over utterances, each decoded several times, in turn with the other ways; "live" is four
frames at a time with the best words asked for after each, and a horizon of two seconds. Posteriors
are drawn, 25 frames a second, a unit about every half second, for a network that is sure of itself
and one that is not; or they are real, from files. If flashlight-text is installed, its beam search,
as torchaudio wraps it, reads the same posteriors: how often both find the same words, and which
find is likelier where they differ, by the sum over all alignments (torch's CTC loss).

Usage: python scripts/benchmarks/decoding.py [--width 8] [--runs 5] [--posteriors FILE.npy...]
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from speechrnn.decoding.ctc.beam import BeamDecoder
from speechrnn.decoding.ctc.greedy import GreedyDecoder
from speechrnn.vocabulary import BLANK

FRAMES_PER_S = 25
BLOCK = 4  # frames of a chunk of 160 ms
UTTERANCES, SECONDS = 40, 5
SURENESS = {"sure": 1.0, "unsure": 3.0}  # standard deviation of the logits' noise


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--posteriors", type=Path, nargs="+", help="(T, V) natural logs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.posteriors:
        utterances = [np.load(path).astype(np.float32) for path in options.posteriors]
        report(f"{len(utterances)} files", utterances, options.width, options.runs)
        return
    for size in (12, 30):
        for name, noise in SURENESS.items():
            random = np.random.default_rng(0)
            utterances = [draw_log_probs(random, size, noise) for _ in range(UTTERANCES)]
            report(f"V = {size}, {name}", utterances, options.width, options.runs)


def draw_log_probs(random: np.random.Generator, size: int, noise: float) -> np.ndarray:
    """Posteriors of `SECONDS` s as a CTC network might give them: (T, V) natural logs."""
    frames = SECONDS * FRAMES_PER_S
    logits = noise * random.standard_normal((frames, size))
    logits[:, 0] += 10
    for start in np.cumsum(random.integers(6, 20, frames)):
        if start < frames:
            logits[start : start + random.integers(1, 4), random.integers(1, size)] += 12
    return torch.from_numpy(logits).log_softmax(dim=1).float().numpy()


def report(name: str, utterances: list[np.ndarray], width: int, runs: int) -> None:
    """Time all ways of decoding, and compare the beam with flashlight's."""
    symbols = [BLANK, *(f"unit{i:02}" for i in range(1, utterances[0].shape[1]))]
    ways: dict[str, Callable[[np.ndarray], list[int]]] = {
        "greedy": lambda u: whole(GreedyDecoder(symbols), u, symbols),
        "greedy, live": lambda u: live(GreedyDecoder(symbols), u, symbols),
        f"beam {width}": lambda u: whole(BeamDecoder(symbols, width=width), u, symbols),
        f"beam {width}, live": lambda u: live(
            BeamDecoder(symbols, width=width, horizon_frames=2 * FRAMES_PER_S), u, symbols
        ),
    }
    if importlib.util.find_spec("flashlight"):
        ways["flashlight"] = flashlight(symbols, width)
    else:
        print("flashlight-text is not installed: no comparison with torchaudio's ctc_decoder")
    times_ms: dict[str, list[float]] = {way: [] for way in ways}
    for log_probs in utterances:
        for _ in range(runs):
            for way, decode in ways.items():
                began = time.process_time()
                decode(log_probs)
                spent_ms = 1e3 * (time.process_time() - began)
                times_ms[way].append(spent_ms * FRAMES_PER_S / len(log_probs))
    print(f"{name}: median CPU ms for each second of audio")
    medians = {way: statistics.median(times) for way, times in times_ms.items()}
    for way, median in medians.items():
        print(f"  {way:15s} {median:.3f}")
    if "flashlight" in ways:
        ratio = medians[f"beam {width}"] / medians["flashlight"]
        print(f"  the beam takes {ratio:.1f} times as long as flashlight's")
        compare(utterances, ways[f"beam {width}"], ways["flashlight"])


def whole(decoder: Any, log_probs: np.ndarray, symbols: list[str]) -> list[int]:
    """All frames at once; the ids of the best words."""
    decoder.accept(log_probs)
    return [symbols.index(word.text) for word in decoder.finish()[0].words]


def live(decoder: Any, log_probs: np.ndarray, symbols: list[str]) -> list[int]:
    """Block by block, with partial results."""
    for start in range(0, len(log_probs), BLOCK):
        decoder.accept(log_probs[start : start + BLOCK])
        decoder.best()
    return [symbols.index(word.text) for word in decoder.finish()[0].words]


def flashlight(symbols: list[str], width: int) -> Callable[[np.ndarray], list[int]]:
    """The beam search of flashlight-text without lexicon, summing over alignments.

    It wants a silence symbol, with which it begins: one more, that is never heard.
    """
    from torchaudio.models.decoder import ctc_decoder

    decoder = ctc_decoder(
        lexicon=None,
        tokens=[*symbols, "|"],
        beam_size=width,
        beam_threshold=10.0,
        blank_token=BLANK,
        sil_token="|",
        log_add=True,
    )

    def decode(log_probs: np.ndarray) -> list[int]:
        silence = np.full((len(log_probs), 1), -1000, np.float32)
        emissions = torch.from_numpy(np.concatenate([log_probs, silence], axis=1))
        tokens: list[int] = decoder(emissions[None])[0][0].tokens.tolist()
        return [token for token in tokens if token < len(symbols)]

    return decode


def compare(
    utterances: list[np.ndarray],
    ours: Callable[[np.ndarray], list[int]],
    theirs: Callable[[np.ndarray], list[int]],
) -> None:
    """Print how often two ways agree, and which is right where they do not."""
    same = better = worse = 0
    for log_probs in utterances:
        one, other = ours(log_probs), theirs(log_probs)
        difference = log_prob_of(log_probs, one) - log_prob_of(log_probs, other)
        same += one == other
        better += one != other and difference > 0
        worse += one != other and difference < 0
    print(
        f"  same best words in {same} of {len(utterances)}; else ours likelier in {better}, "
        f"flashlight's in {worse}"
    )


def log_prob_of(log_probs: np.ndarray, units: list[int]) -> float:
    """Log-probability of units, summed over all alignments."""
    if not units:
        return float(log_probs[:, 0].sum())
    loss = torch.nn.functional.ctc_loss(
        torch.from_numpy(log_probs),
        torch.tensor(units),
        (len(log_probs),),
        (len(units),),
        reduction="sum",
    )
    return -float(loss) if math.isfinite(loss) else -math.inf


if __name__ == "__main__":
    main()
