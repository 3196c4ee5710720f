"""Language models: perplexity of a recurrent one beside n-grams, where the source is known.

A home's sentences are drawn from a few rules, so the perplexity of the source itself is known: no
model can be better but by chance. Some of what it says depends on words further back than an n-gram
sees: a number is said backwards after it, a list of rooms decides between light and lights. N-grams
are interpolated after Witten & Bell 1991, "The zero-frequency problem" (IEEE Transactions on
Information Theory 37:4).

Usage: python scripts/benchmarks/language.py [--sentences 5000] [--set model.cell=gru ...]
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import torch

from speechrnn.evaluation.perplexity import TextScore, score_sentence, total_score
from speechrnn.export.language import export_language
from speechrnn.models.language_config import load_language_config
from speechrnn.runtime.language_model import RecurrentLanguageModel
from speechrnn.training.language import train_language

ROOMS = ["kitchen", "bedroom", "bathroom", "hall", "garage", "attic", "cellar", "office"]
DIGITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEST_SENTENCES = 1000
END = "</s>"

Sentence = tuple[list[str], float]  # its words, and the log-probability that it is drawn


def main() -> None:
    """Train, score and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=5000)
    parser.add_argument("--set", dest="overrides", nargs="*", default=[])
    options = parser.parse_args()
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    train, valid = ([draw(random)[0] for _ in range(n)] for n in (options.sentences, 500))
    test = [draw(random) for _ in range(TEST_SENTENCES)]
    source = total_score([TextScore(log_prob, len(words), 1) for words, log_prob in test])
    print(f"{len(train)} sentences, {sum(map(len, train))} words; perplexity of {len(test)} others")
    print(f"  the source itself  {source.perplexity:.3f}")
    for order in (2, 3, 5):
        print(f"  {order}-gram             {perplexity(Ngram(train, order), test):.3f}")
    config = load_language_config(None, tuple(options.overrides))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lm.onnx"
        began = time.process_time()
        weights = path.with_suffix(".safetensors")
        run = train_language(config, train, valid, weights, device=torch.device("cpu"))
        spent_s = time.process_time() - began
        export_language(run.network, run.tokens, path, run.provenance)
        model = RecurrentLanguageModel(path)
        print(
            f"  {config.model.cell:18} {perplexity(model, test):.3f}, "
            f"{model.info.num_parameters:,} parameters, {spent_s:.0f} s of CPU to train"
        )


def draw(random: np.random.Generator) -> Sentence:
    """A sentence of the source."""
    kind = random.integers(3)
    if kind == 0:
        count = int(random.integers(1, 4))
        rooms = [str(room) for room in random.permutation(ROOMS)[:count]]
        words = f"turn the {' and the '.join(rooms)} light{'s' * (count > 1)}".split()
        words.append(str(random.choice(["on", "off"])))
        ways = 3 * math.perm(len(ROOMS), count) * 2
    elif kind == 1:
        number = [str(digit) for digit in random.choice(DIGITS, 3)]
        words = ["call", *number, "and", *number[::-1]]
        ways = len(DIGITS) ** 3
    else:
        here, there = (str(room) for room in random.permutation(ROOMS)[:2])
        words = f"move the robot from the {here} to the {there}".split()
        ways = math.perm(len(ROOMS), 2)
    return words, -math.log(3 * ways)


def perplexity(model: RecurrentLanguageModel | Ngram, test: list[Sentence]) -> float:
    """Of a model on drawn sentences."""
    return total_score([score_sentence(model, words) for words, _ in test]).perplexity


class Ngram:
    """A `LanguageModel` of counted n-grams; each order falls back on the next lower one."""

    def __init__(self, sentences: list[list[str]], order: int) -> None:
        self._order = order
        self._counts: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for words in sentences:
            state = self.start()
            for word in [*words, END]:
                for first in range(len(state) + 1):
                    self._counts[state[first:]][word] += 1
                state = self._after(state, word)
        self._kinds = len(self._counts[()])

    def start(self) -> tuple[str, ...]:
        """The context of a sentence's first word."""
        return ("<s>",)[: self._order - 1]

    def step(self, state: tuple[str, ...], word: str) -> tuple[float, tuple[str, ...]]:
        """Log-probability of a word, and the context behind it."""
        return math.log(self._probability(state, word)), self._after(state, word)

    def finish(self, state: tuple[str, ...]) -> float:
        """Log-probability that the sentence ends."""
        return math.log(self._probability(state, END))

    def _after(self, state: tuple[str, ...], word: str) -> tuple[str, ...]:
        return (*state, word)[-(self._order - 1) :]

    def _probability(self, context: tuple[str, ...], word: str) -> float:
        lower = self._probability(context[1:], word) if context else 1 / self._kinds
        counts = self._counts.get(context)
        if counts is None:
            return lower
        return (counts[word] + len(counts) * lower) / (counts.total() + len(counts))


if __name__ == "__main__":
    main()
