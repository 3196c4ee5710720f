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

    An utterance is what lies between pauses. Two kinds of paths through its frames compete: those
    of the sentences of the grammar, and those of the filler, which is free to take any units, each
    at a cost. The best one of each kind is found exactly; the sum over the alignments of a sentence
    is not taken. The utterance ends when the best path of all has been in the blank for
    `endpoint_frames`, or several times as long where it is amid a sentence; then its best complete
    sentence comes out if it is better than the filler, by the threshold at least.

    With spotting, a sentence may have filler before and behind it, and the frames from its last
    word on count as its pause.

    What comes out does not depend on how the frames are cut.

    Attributes:
        num_frames: Frames taken so far.
    """

    def __init__(
        self,
        grammar: CompiledGrammar,
        *,
        filler_cost: float = 1.0,
        threshold: float = 0.0,
        endpoint_frames: int = 12,
    ) -> None:
        """Start before the first frame.

        Args:
            grammar: What may be said.
            filler_cost: What each unit takes from the filler's score, in nats: the more, the less
                is rejected, long sentences before short ones.
            threshold: The least margin of a sentence over the filler, in nats.
            endpoint_frames: Length of a pause.

        Raises:
            ConfigError: A number is out of range.
        """
        for name, value, least in (
            ("filler_cost", filler_cost, 0.0),
            ("threshold", threshold, -math.inf),
            ("endpoint_frames", endpoint_frames, 1),
        ):
            if not least <= value < math.inf or value == -math.inf:
                raise ConfigError(f"grammar: {name} is {value:g}, expected {least:g} or more")
        self._grammar = grammar
        self._threshold = threshold
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
        found = []
        for row in log_probs.astype(np.float64):
            self._search.step(row)
            self.num_frames += 1
            if self._has_ended():
                found.append(self._decide())
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
        found = [] if self._leader() == START else [self._decide()]
        self._search.begin(0)
        self.num_frames = 0
        return found

    def _leader(self) -> int:
        """Where the best path of all leads."""
        best = self._search.best
        filler = START if best[START] >= best[FILLER] else FILLER
        node = FILLER + 1 + int(best[FILLER + 1 :].argmax())
        return node if best[node] - best[filler] >= self._threshold else filler

    def _has_ended(self) -> bool:
        leader = self._leader()
        if leader == START:
            return False
        amid = leader != FILLER and not self._grammar.network.complete[leader]
        pause = self._endpoint_frames * (_PATIENCE if amid else 1)
        return self.num_frames - self._search.heard(leader) >= pause

    def _decide(self) -> Parse | Rejected:
        """End the utterance."""
        best = self._search.best
        node = int(self._complete[best[self._complete].argmax()])
        margin = float(best[node] - max(best[START], best[FILLER]))
        parse = None
        if margin > -math.inf:
            words, score = self._words(node)
            meaning = self._grammar.interpret([word.text for word in words])
            assert meaning is not None
            parse = Parse(words, score, meaning.intent, meaning.slots, margin)
        if parse is None or margin < self._threshold:
            start, end = self._search.begun(FILLER), self._search.heard(FILLER)
            result: Parse | Rejected = Rejected(start, end, parse)
        else:
            result = parse
        self._search.begin(self.num_frames)
        return result

    def _words(self, node: int) -> tuple[tuple[Word, ...], float]:
        entries = self._search.words(node)
        score = entries[-1].after - entries[0].before if entries else 0.0
        return tuple(self._word(entry) for entry in entries), score

    def _word(self, entry: Entry) -> Word:
        text = self._grammar.network.words[entry.word]
        segment = Segment(0, entry.start_frame, entry.end_frame, entry.before, entry.after)
        return word_of(text, [segment])
