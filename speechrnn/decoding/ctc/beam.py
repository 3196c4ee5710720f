"""Prefix beam search: the likeliest words, each sequence summed over all its alignments."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from speechrnn.decoding.ctc.hypothesis import LEAST, Hypothesis, Word, join, word_of
from speechrnn.decoding.ctc.language import LanguageModel
from speechrnn.decoding.ctc.lexicon import Lexicon, Trie
from speechrnn.decoding.ctc.prefix import NEVER, Link, Prefix, log_add, shared
from speechrnn.decoding.ctc.spelling import Spelling, spelling_of
from speechrnn.errors import ConfigError

_first = itemgetter(0)

_DECIDE_FRAMES = 16  # how often is looked for what is beyond the horizon


class _Growth(NamedTuple):
    """A prefix outside the beam that may join it; the fields are those of `Prefix`."""

    parent: Prefix
    unit: int
    word: str | None
    state: Any
    prior: float
    history: Any

    def prefix(self) -> Prefix:
        """The prefix itself, in the tree."""
        children = self.parent.children
        if (self.unit, self.word) not in children:
            children[self.unit, self.word] = Prefix(*self)
        return children[self.unit, self.word]


class BeamDecoder:
    """Keeps the likeliest prefixes, frame by frame, and sums over their alignments.

    After Hannun et al. 2014, "First-Pass Large Vocabulary Continuous Speech Recognition using
    Bi-Directional Recurrent DNNs" (arXiv 1408.2873), and Graves 2012, "Supervised Sequence
    Labelling with Recurrent Neural Networks", 7.5.1: each prefix has two sums, over the alignments
    that end in a blank and over those that end in its last unit. A language model joins in where
    words end: log p(words | audio) + weight * log p(words) + bonus * number of words.

    Units are words, or characters where a separator " " is among them, or anything that a lexicon
    makes words of. What comes out does not depend on how the frames are cut.

    Attributes:
        committed: The words that cannot change any more, neither in text nor in time: whatever is
            in the beam agrees on them, and on where they lie.
        num_frames: Frames taken so far.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        *,
        width: int = 8,
        threshold: float = 10.0,
        lexicon: Lexicon | None = None,
        language: LanguageModel | None = None,
        language_weight: float = 1.0,
        word_bonus: float = 0.0,
        horizon_frames: int | None = None,
    ) -> None:
        """Prepare a search.

        Args:
            symbols: The (V,) symbols of the posteriors, the blank first.
            width: Prefixes that are kept at each frame.
            threshold: What is less likely than the likeliest prefix by more than this, in nats, is
                not kept; may be infinite.
            lexicon: Only its words come out.
            language: Joins in where words end.
            language_weight: What its log-probabilities are multiplied by.
            word_bonus: Added for every word, in nats; makes up for what a language model takes.
            horizon_frames: What does not agree with the likeliest prefix on the words that ended
                longer ago than this is not kept. For streams, two seconds or so: else an ambiguity
                stays in the beam for ever, as all that follows is equally likely after each of its
                readings. None: no such limit, and an n-best list that reaches back to the start.

        Raises:
            ConfigError: A number is out of range.
        """
        for name, value, least in (
            ("width", width, 1),
            ("threshold", threshold, 0),
            ("language_weight", language_weight, 0),
            ("horizon_frames", 1 if horizon_frames is None else horizon_frames, 1),
        ):
            if not value >= least:
                raise ConfigError(f"beam search: {name} is {value:g}, expected at least {least}")
        if not math.isfinite(language_weight + word_bonus):
            raise ConfigError("beam search: expected finite language_weight and word_bonus")
        self._spelling: Spelling = (
            spelling_of(symbols) if lexicon is None else Trie(lexicon, symbols)
        )
        self._width = width
        self._threshold = threshold
        self._language = language
        self._weight = language_weight
        self._bonus = word_bonus
        self._horizon = horizon_frames
        self._begin()

    def _begin(self) -> None:
        self.committed: list[Word] = []
        self.num_frames = 0
        self._offset = 0.0  # log-probability of nothing but blanks
        history = self._language.start() if self._language is not None else None
        root = Prefix(None, 0, None, self._spelling.start, 0.0, history)
        self._done = Link(None, root, 0, 0, 0.0, 0.0)  # the end of what is committed
        root.begin(self._done)
        self._beam = [root]
        self._sounding = False  # whether a prefix has alignments that end in its unit
        self._best: tuple[tuple[Word, ...], float] | None = None  # until the beam changes

    def accept(self, log_probs: np.ndarray) -> None:
        """Take (T, V) more frames of natural log-posteriors."""
        rows = np.maximum(log_probs, LEAST, dtype=np.float64)
        blanks, rows = rows[:, 0].tolist(), rows - rows[:, :1]
        # Every prefix may go on with a blank: a unit less likely than that by more than the
        # threshold leads nowhere.
        counts = (rows[:, 1:] >= -self._threshold - max(0.0, self._bonus)).sum(axis=1).tolist()
        orders = (np.argsort(-rows[:, 1:], axis=1) + 1).tolist()
        stepped = False  # blanks alone change nothing
        for row, order, count, blank in zip(rows.tolist(), orders, counts, blanks, strict=True):
            if count or self._sounding:
                self._step(row, order[:count])
                stepped = True
            self._offset += blank
            self.num_frames += 1
            if self._horizon is not None and self.num_frames % _DECIDE_FRAMES == 0:
                self._decide(self.num_frames - self._horizon)
        if stepped:
            self._commit()

    def best(self) -> Hypothesis:
        """The likeliest words so far, as if no more came; whether a sentence may end is not asked.

        The first ones are those in `committed`; all others may change.
        """
        if self._best is None:
            found = self._hypothesis(*self._ranked(False)[0])
            self._best = found.words, found.score - self._offset
        words, score = self._best
        return Hypothesis(words, score + self._offset)

    def finish(self) -> list[Hypothesis]:
        """The n-best list, the likeliest first; then everything begins anew at frame 0.

        At most as many as the beam is wide, no two of the same text. The score is the sum over the
        alignments that were kept, with language model, end of the sentence included, and bonus.
        Where the lexicon breaks off each prefix within a word, that word is left out.
        """
        found = [self._hypothesis(*ranked) for ranked in self._ranked(True)]
        self._begin()
        return found

    def _step(self, row: list[float], units: list[int]) -> None:
        """One frame.

        Args:
            row: Log-posteriors of all V symbols in relation to the blank's.
            units: Those that prefixes may go on with, the likeliest first.
        """
        self._best = None
        frame, offset = self.num_frames, self._offset
        least = max(prefix.total + prefix.prior for prefix in self._beam) - self._threshold
        for prefix in self._beam:
            if prefix.sound != NEVER:
                prefix.settle(frame, offset)
        moving: list[Prefix] = []  # the others go on with a blank, which changes nothing
        stays: list[tuple[float, Prefix]] = []
        for prefix in self._beam:
            parent, total = prefix.parent, prefix.total
            if prefix.sound != NEVER or (
                parent is not None and parent.total + row[prefix.unit] + prefix.prior >= least
            ):
                prefix.stay(row, frame, offset)
                moving.append(prefix)
                total = prefix.coming[0]
            stays.append((total + prefix.prior, prefix))
        growths = self._growths(row, units, [score for score, _ in stays])
        pool: list[tuple[float, Prefix | _Growth]] = [*stays, *growths]
        pool.sort(key=_first, reverse=True)
        least = pool[0][0] - self._threshold
        chosen: list[Prefix] = []
        for score, member in pool[: self._width]:
            if score < least:
                break
            if isinstance(member, _Growth):
                member = member.prefix()
                member.enter(row, frame, offset)
                moving.append(member)
            chosen.append(member)
        for prefix in moving:
            prefix.advance(least - prefix.prior)
        if len(chosen) < len(pool):
            for prefix in set(self._beam).difference(chosen):
                prefix.drop()
                prefix.release()
        self._beam = chosen
        self._sounding = any(prefix.sound != NEVER for prefix in moving)

    def _growths(
        self, row: list[float], units: list[int], stays: list[float]
    ) -> list[tuple[float, _Growth]]:
        """Prefixes outside the beam that grow out of it and may be among the best, with scores.

        Args:
            row: As for `_step`.
            units: As for `_step`.
            stays: Scores of the prefixes in the beam after this frame.
        """
        found: list[tuple[float, _Growth]] = []
        least = max(stays) - self._threshold
        if len(stays) == self._width:
            least = max(least, min(stays))
        bonus = max(0.0, self._bonus)
        for prefix in self._beam if units else ():
            highest = prefix.total + prefix.prior + bonus  # no language model adds to it
            for unit in units:
                if highest + row[unit] <= least:
                    break
                before = prefix.leave(unit)[0]
                if before == NEVER:
                    continue
                for word, state in self._spelling.follow(prefix.state, unit):
                    child = prefix.children.get((unit, word))
                    if child is not None and child.total != NEVER:
                        continue  # is in the beam
                    prior, history = self._fuse(prefix, word)
                    score = before + row[unit] + prior
                    if score > least:
                        growth = _Growth(prefix, unit, word, state, prior, history)
                        found.append((score, growth))
                        least = max(least, score - self._threshold)
        return found

    def _fuse(self, prefix: Prefix, word: str | None) -> tuple[float, Any]:
        """What language model and bonus give a prefix after one more word, if it is one."""
        if not word:
            return prefix.prior, prefix.history
        if self._language is None:
            return prefix.prior + self._bonus, None
        if word not in prefix.fused:
            log_prob, history = self._language.step(prefix.history, word)
            prior = prefix.prior + self._weight * log_prob + self._bonus
            prefix.fused[word] = (prior, history)
        return prefix.fused[word]

    def _ranked(self, at_end: bool) -> list[tuple[float, Prefix, str]]:
        """The distinct texts in the beam, the likeliest first.

        Args:
            at_end: Whether the language model is asked how likely the sentence ends.

        Returns:
            Of each text its score, its likeliest prefix, and the word that ends with that, or "".
        """
        texts: dict[tuple[str, ...], list[tuple[float, Prefix, str]]] = defaultdict(list)
        complete = [(p, end) for p in self._beam for end in self._spelling.endings(p.state)]
        for prefix, ending in complete or [(prefix, "") for prefix in self._beam]:
            prior, history = self._fuse(prefix, ending)
            if at_end and self._language is not None:
                prior += self._weight * self._language.finish(history)
            words = prefix.words_since(self._done.prefix)
            text = (*words, ending) if ending else tuple(words)
            texts[text].append((prefix.total + self._offset + prior, prefix, ending))
        ranked = []
        for same in texts.values():
            _, prefix, ending = max(same, key=_first)
            ranked.append((functools.reduce(log_add, map(_first, same)), prefix, ending))
        return sorted(ranked, key=_first, reverse=True)

    def _hypothesis(self, score: float, prefix: Prefix, ending: str) -> Hypothesis:
        """A prefix with its words where they lie in its likeliest alignment."""
        links = prefix.settle(self.num_frames, self._offset).since(self._done)
        words, rest = join(((link, link.prefix.word) for link in links), self._spelling.separator)
        if ending:
            words.append(word_of(ending, rest))
        return Hypothesis((*self.committed, *words), score)

    def _decide(self, frame: int) -> None:
        """Drop what does not agree with the likeliest prefix on words that ended before a frame."""
        self._commit()
        likeliest = max(self._beam, key=lambda prefix: prefix.total + prefix.prior)
        links = likeliest.settle(self.num_frames, self._offset).since(self._done)
        old = [link for link in links if link.prefix.word is not None and link.end_frame <= frame]
        if not old:
            return
        self._best = None
        for prefix in self._beam:
            prefix.keep_after(old[-1])
        dropped = [prefix for prefix in self._beam if prefix.total == NEVER]
        self._beam = [prefix for prefix in self._beam if prefix.total != NEVER]
        for prefix in dropped:
            prefix.release()
        self._commit()

    def _commit(self) -> None:
        """Move the words that all alignments have in common to `committed`, and forget the rest."""
        ends = (link for prefix in self._beam for link in prefix.ends())
        links = functools.reduce(shared, ends).since(self._done)
        while links and links[-1].prefix.word is None:
            links.pop()
        if links:
            words, _ = join(((link, link.prefix.word) for link in links), self._spelling.separator)
            self.committed += words
            self._done = links[-1]
            self._done.previous = None
            self._done.prefix.parent = None
