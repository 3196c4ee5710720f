"""From posteriors to sentences of a grammar."""

from __future__ import annotations

import math

import numpy as np

from speechrnn.decoding.ctc.hypothesis import Hypothesis, Segment, Word, word_of
from speechrnn.decoding.grammar.compiled import CompiledGrammar
from speechrnn.decoding.grammar.history import Entry
from speechrnn.decoding.grammar.network import FILLER, START
from speechrnn.decoding.grammar.result import Parse, Rejected
from speechrnn.decoding.grammar.search import Search
from speechrnn.errors import ConfigError

_PATIENCE = 3


class GrammarDecoder:
    """Finds the sentences that are said in a stream, and rejects other speech.

    An utterance is what lies between pauses. Paths of three kinds compete for its frames: those of
    sentences, those of the filler, which takes any units, and silence. The best one of each kind is
    found exactly; it stands for all alignments, which are not summed. A sentence is accepted if it
    is likelier than silence, and likelier than the filler or less so by no more than the threshold.

    The utterance ends when the best path has been in the blank for `endpoint_frames`, or for three
    times as many where it is an acceptable sentence so far, but not complete.

    A grammar compiled for spotting may have filler before and behind a sentence; the frames since
    its last word then count as a pause.

    What comes out does not depend on how the frames are cut.

    Attributes:
        grammar: What may be said.
        threshold: The least margin of a sentence.
        num_frames: Frames taken so far.
    """

    def __init__(
        self,
        grammar: CompiledGrammar,
        *,
        filler_cost: float = 0.02,
        threshold: float = -1.0,
        endpoint_frames: int = 12,
    ) -> None:
        """Start before the first frame.

        Args:
            grammar: What may be said.
            filler_cost: What each unit takes from the filler's score, in nats. A little makes
                spotting prefer a sentence to one within it. More allows for units that are often
                misheard, such as characters, but lets more pass in long utterances than in short
                ones.
            threshold: The least margin of a sentence over the filler, in nats: the higher, the more
                is rejected. At 0 every word has to be the likeliest one.
            endpoint_frames: Length of a pause.

        Raises:
            ConfigError: A number is out of range.
        """
        for name, value, least in (
            ("filler_cost", filler_cost, 0),
            ("threshold", threshold, -math.inf),
            ("endpoint_frames", endpoint_frames, 1),
        ):
            if not least <= value < math.inf:
                raise ConfigError(f"grammar: {name} is {value:g}, expected {least:g} or more")
        self.grammar = grammar
        self.threshold = threshold
        self._endpoint_frames = endpoint_frames
        self._complete = np.flatnonzero(grammar.network.complete)
        self._search = Search(grammar.network, filler_cost)
        self.num_frames = 0

    def accept(self, log_probs: np.ndarray) -> list[Parse | Rejected]:
        """Take more frames.

        Args:
            log_probs: (T, V) natural log-posteriors.

        Returns:
            The utterances that ended.
        """
        found: list[Parse | Rejected] = []
        for row in log_probs.astype(np.float64):
            self._search.step(row)
            self.num_frames += 1
            if self._has_ended():
                found += self._decide()
                self._search.begin(self.num_frames)
        return found

    def best(self) -> Hypothesis:
        """The words of the utterance so far, if it looks like the beginning of a sentence.

        All of them may change.
        """
        leader = self._leader()
        if leader in (START, FILLER):
            return Hypothesis((), 0.0)
        return Hypothesis(*self._words(leader))

    def finish(self) -> list[Parse | Rejected]:
        """What the last utterance is, if there is one; then everything begins anew at frame 0."""
        found = self._decide()
        self.num_frames = 0
        self._search.begin(0)
        return found

    def _floor(self) -> float:
        """The least score with which a sentence is accepted."""
        best = self._search.best
        return float(max(best[START], best[FILLER] + self.threshold))

    def _leader(self) -> int:
        """The node that the best path leads to, an acceptable sentence before others."""
        best = self._search.best
        node = FILLER + 1 + int(best[FILLER + 1 :].argmax())
        if best[node] > -math.inf and best[node] >= self._floor():
            return node
        return START if best[START] >= best[FILLER] else FILLER

    def _has_ended(self) -> bool:
        leader = self._leader()
        if leader == START:
            return False
        amid = leader != FILLER and not self.grammar.network.complete[leader]
        pause = self._endpoint_frames * (_PATIENCE if amid else 1)
        return self.num_frames - self._search.heard(leader) >= pause

    def _decide(self) -> list[Parse | Rejected]:
        """What the utterance is, if there is one."""
        search = self._search
        node = int(self._complete[search.best[self._complete].argmax()])
        parse = self._parse(node) if search.best[node] > -math.inf else None
        if parse is not None and search.best[node] >= self._floor():
            return [parse]
        if search.best[FILLER] > search.best[START]:
            return [Rejected(search.begun(FILLER), search.heard(FILLER), parse)]
        return []

    def _parse(self, node: int) -> Parse:
        """The sentence on the best path to a node."""
        best = self._search.best
        words, score = self._words(node)
        meaning = self.grammar.interpret([word.text for word in words])
        assert meaning is not None
        margin = float(best[node] - max(best[START], best[FILLER]))
        return Parse(words, score, meaning.intent, meaning.slots, margin)

    def _words(self, node: int) -> tuple[tuple[Word, ...], float]:
        entries = self._search.words(node)
        score = entries[-1].after - entries[0].before if entries else 0.0
        return tuple(self._word(entry) for entry in entries), score

    def _word(self, entry: Entry) -> Word:
        text = self.grammar.network.words[entry.word]
        segment = Segment(0, entry.start_frame, entry.end_frame, entry.before, entry.after)
        return word_of(text, [segment])
