"""N-gram language models in the ARPA format."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from speechrnn.decoding.ctc.lexicon import read_lines
from speechrnn.errors import DataError

START = "<s>"
END = "</s>"
UNKNOWN = ("<unk>", "<UNK>")

_LOG10 = math.log(10)
_UNSEEN = -100 * _LOG10  # of a word that a model without <unk> does not know, as in KenLM

_Grams = dict[tuple[str, ...], tuple[float, float]]


class NgramModel:
    """A `LanguageModel` that backs off to shorter contexts.

    log p(w | c) is in the file, or else the back-off weight of c, 0 if it has none, plus
    log p(w | c without its first word). A word that the file does not have counts as <unk>; without
    <unk>, its probability is 1e-100. The state is the words that can matter.

    Attributes:
        order: Words of the longest n-grams.
        words: What the model knows, without <s>, </s> and <unk>.
    """

    def __init__(self, grams: _Grams) -> None:
        """Take natural log-probability and back-off of each n-gram."""
        self.order = max(map(len, grams))
        unigrams = {gram[0] for gram in grams if len(gram) == 1}
        self.words = frozenset(unigrams - {START, END, *UNKNOWN})
        self._grams = grams
        self._known = unigrams
        self._unknown = next((name for name in UNKNOWN if name in unigrams), None)

    def start(self) -> tuple[str, ...]:
        """The context of a sentence's first word: <s>, if the model has it."""
        return self._context((START,))

    def step(self, state: tuple[str, ...], word: str) -> tuple[float, tuple[str, ...]]:
        """Log-probability of a word after the words of `state`, and the words after which to go on.

        Neither <s> nor </s> is a word: like anything the model does not know they are <unk>.
        """
        if word not in self.words:
            if self._unknown is None:
                return _UNSEEN, ()
            word = self._unknown
        return self._log_prob(state, word), self._context((*state, word))

    def finish(self, state: tuple[str, ...]) -> float:
        """Log-probability of </s>; 0 where the model has none."""
        return self._log_prob(state, END) if END in self._known else 0.0

    def log_prob(self, words: Sequence[str]) -> float:
        """Log-probability of a whole sentence."""
        total, state = 0.0, self.start()
        for word in words:
            log_prob, state = self.step(state, word)
            total += log_prob
        return total + self.finish(state)

    def _log_prob(self, context: tuple[str, ...], word: str) -> float:
        """Of a word that the model knows."""
        backed_off = 0.0
        while (gram := (*context, word)) not in self._grams:
            backed_off += self._grams.get(context, (0.0, 0.0))[1]
            context = context[1:]
        return backed_off + self._grams[gram][0]

    def _context(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """The last words, as many as an n-gram can begin with and this model has."""
        context = words[max(0, len(words) - self.order + 1) :] if self.order > 1 else ()
        while context and context not in self._grams:
            context = context[1:]
        return context


def read_arpa(path: str | Path) -> NgramModel:
    r"""Read a model in the ARPA format.

    Args:
        path: A file of UTF-8 text: \data\, the number of n-grams of each order, for each order a
            section \1-grams:, \2-grams: ..., and \end\. A line of a section has a log10
            probability, the words and, where longer n-grams follow, may have a log10 back-off
            weight. What comes before \data\ is skipped.

    Raises:
        DataError: Unreadable, or not that.
    """
    lines = _Lines(path)
    while lines.next("\\data\\") != "\\data\\":
        pass
    counts: list[int] = []
    while found := re.fullmatch(r"ngram\s+(\d+)\s*=\s*(\d+)", lines.next("'ngram N=COUNT'")):
        counts.append(int(found[2]))
        if int(found[1]) != len(counts):
            raise lines.fault(f"'ngram {len(counts)}=COUNT'")
    if not counts:
        raise lines.fault("'ngram 1=COUNT'")
    grams: _Grams = {}
    for order, count in enumerate(counts, 1):
        if lines.latest != f"\\{order}-grams:":
            raise lines.fault(f"'\\{order}-grams:'")
        before = len(grams)
        while not lines.next("\\end\\").startswith("\\"):
            gram, weights = _entry(lines, order, order == len(counts))
            if gram in grams:
                raise lines.fault("each n-gram once")
            if order > 1 and (lacking := [word for word in gram if (word,) not in grams]):
                raise lines.fault(f"words that have a 1-gram, as {lacking[0]!r} has not")
            grams[gram] = weights
        if len(grams) - before != count:
            got = len(grams) - before
            raise lines.fault(
                f"{count} {order}-grams before this line, as \\data\\ says, not {got}"
            )
    if lines.latest != "\\end\\":
        raise lines.fault("'\\end\\'")
    return NgramModel(grams)


def _entry(lines: _Lines, order: int, longest: bool) -> tuple[tuple[str, ...], tuple[float, float]]:
    """The words, probability and back-off of the latest line, these as natural logs."""
    fields = lines.latest.split()
    try:
        log_prob = float(fields[0])
        backoff = float(fields[order + 1]) if len(fields) > order + 1 else 0.0
    except ValueError:
        log_prob = backoff = math.nan
    most = order + 1 if longest else order + 2
    words = f"{order} word{'s' * (order > 1)}"
    if not order + 1 <= len(fields) <= most or not math.isfinite(log_prob + backoff):
        ending = "" if longest else " and perhaps a back-off weight"
        raise lines.fault(f"a log10 probability, {words}{ending}")
    if log_prob > 0:
        raise lines.fault("a log10 probability of at most 0")
    return tuple(fields[1 : order + 1]), (log_prob * _LOG10, backoff * _LOG10)


class _Lines:
    """The lines of a file that are not empty, one after the other.

    Attributes:
        latest: The latest one, stripped.
    """

    def __init__(self, path: str | Path) -> None:
        self.latest = ""
        self._path = path
        self._lines = read_lines(path)
        self._number = 0

    def next(self, expected: str) -> str:
        """The next line, which becomes the latest."""
        while self._number < len(self._lines):
            self._number += 1
            self.latest = self._lines[self._number - 1].strip()
            if self.latest:
                return self.latest
        raise DataError(f"{self._path}: ends without {expected}; make the ARPA file anew")

    def fault(self, expected: str) -> DataError:
        """What is wrong with the latest line."""
        return DataError(f"{self._path}:{self._number}: got '{self.latest}', expected {expected}")
