"""A grammar made ready for the posteriors of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from speechrnn.decoding.ctc.lexicon import Lexicon
from speechrnn.decoding.ctc.spelling import SEPARATOR
from speechrnn.decoding.grammar.automaton import Automaton
from speechrnn.decoding.grammar.checks import nearest
from speechrnn.decoding.grammar.digest import grammar_digest
from speechrnn.decoding.grammar.expression import Grammar, fault
from speechrnn.decoding.grammar.network import Network
from speechrnn.decoding.grammar.transducer import Meaning, Transducer
from speechrnn.vocabulary import BLANK


@dataclass(frozen=True)
class CompiledGrammar:
    """A grammar as graphs; any number of decoders may share them.

    Attributes:
        network: What is searched.
        transducer: What tells the meaning of a sentence.
        num_sentences: How many may be said; None where they are without end.
        digest: Tells it from other grammars, whatever their files are called.
    """

    network: Network
    transducer: Transducer
    num_sentences: int | None
    digest: str

    @property
    def intents(self) -> dict[str, frozenset[str]]:
        """What its sentences may ask for, and the slots that may be filled then."""
        return self.transducer.intents

    def interpret(self, words: Sequence[str]) -> Meaning | None:
        """What a sentence means; None where it is not in the grammar."""
        return self.transducer.interpret(words)


def compile_grammar(
    grammar: Grammar,
    symbols: Sequence[str],
    lexicon: Lexicon | None = None,
    *,
    spotting: bool = False,
) -> CompiledGrammar:
    """Lay a grammar out as a graph over the units of a model.

    Args:
        grammar: What may be said.
        symbols: (V,) symbols of the posteriors, the blank first.
        lexicon: The units of its words; without one, words are symbols themselves, or are spelt
            where there is a separator among the symbols.
        spotting: Find sentences amid other speech as well; else what is said between two pauses is
            a sentence as a whole, or none.

    Raises:
        DataError: The model or the lexicon lacks a word, or the grammar becomes too large.
    """
    lexicon = lexicon or _lexicon(grammar, symbols)
    for word, place in grammar.words.items():
        if word not in lexicon.pronunciations:
            hint = nearest(word, lexicon.pronunciations, "add it there, or say it otherwise")
            raise fault(grammar.name, place, f"the lexicon has no word {word!r}; {hint}")
    transducer = Transducer(grammar)
    automaton = Automaton(transducer, grammar.name)
    separator = symbols.index(SEPARATOR) if SEPARATOR in symbols else None
    network = Network(automaton, lexicon.pronunciations, len(symbols), separator, spotting)
    digest = grammar_digest(grammar)
    return CompiledGrammar(network, transducer, automaton.num_sentences, digest)


def _lexicon(grammar: Grammar, symbols: Sequence[str]) -> Lexicon:
    """The words of a grammar as symbols, or spelt."""
    known = [symbol for symbol in symbols if symbol not in (BLANK, SEPARATOR)]
    spelt = SEPARATOR in symbols
    for word, place in grammar.words.items():
        missing = [unit for unit in (word if spelt else [word]) if unit not in known]
        if missing:
            what = f"character {missing[0]!r}, as in {word!r}" if spelt else f"word {word!r}"
            hint = nearest(missing[0], known, "it knows " + " ".join(known[:20]))
            raise fault(grammar.name, place, f"the model has no {what}; {hint}")
    return Lexicon.of_words(grammar.words, symbols)
