"""Read strings with a grammar and without, see what else it accepts, and add rows to RESULTS.md.

The threshold for a speaker is the one that loses some share of the sentences of the other speakers,
each of whom is heard by the network that was trained without them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from heard import hear, networks
from outside import noises, other_speech, other_strings
from rows import result_options, row
from strings import with_interval

from speechrnn.cli.script import run_script
from speechrnn.datadir import read_datadir
from speechrnn.decoding.ctc.beam import BeamDecoder
from speechrnn.decoding.grammar.compiled import CompiledGrammar, compile_grammar
from speechrnn.decoding.grammar.decoder import GrammarDecoder
from speechrnn.decoding.grammar.parser import read_grammar
from speechrnn.decoding.grammar.transducer import Meaning
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.results import append_result
from speechrnn.evaluation.sequences.hearing import SequenceHearing
from speechrnn.evaluation.sequences.intents import Understanding, score_intents, understanding
from speechrnn.evaluation.sequences.rejection import RejectionCurve
from speechrnn.evaluation.sequences.trial import Reading, SequenceTrial, read_hearing

READ = "Grammars: the same strings read without and with one"
ACCEPTED = "Grammars: what else is accepted, where a share of the sentences may be lost"
SHARES = (0.01, 0.1)


class Answer(NamedTuple):
    """What was read in an utterance, and what was made of it."""

    reading: Reading
    understood: Understanding


Answers = Mapping[str, list[Answer]]  # of each fold


def main() -> None:
    """Hear, read, print, write."""
    parser = result_options(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds fold_SPEAKER/NAME")
    parser.add_argument("--grammar", type=Path, required=True, help="a file NAME.txt")
    parser.add_argument("--negatives", type=Path, action="append", default=[])
    options = parser.parse_args()

    name = options.grammar.stem
    ears = networks(options.experiment)
    symbols = next(iter(ears.values())).info.symbols
    grammar = compile_grammar(read_grammar(options.grammar), symbols)

    def answers(
        heard: Mapping[str, list[SequenceHearing]], read: Callable[[SequenceHearing], Answer]
    ) -> Answers:
        return {speaker: [read(its) for its in each] for speaker, each in heard.items()}

    said = {
        speaker: hear(ear, read_datadir(options.data / f"fold_{speaker}" / name))
        for speaker, ear in ears.items()
    }
    others = {"strings of other lengths": other_strings(ears, options.data, grammar)}
    others["noise"] = noises(ears)
    others |= {folder.name: other_speech(ears, folder) for folder in options.negatives}

    without = answers(said, lambda its: read_freely(its, symbols, grammar))
    within = answers(said, lambda its: read_sentence(its, grammar))
    outside = {
        source: answers(heard, lambda its: read_sentence(its, grammar))
        for source, heard in others.items()
    }
    columns = "WER; strings without a mistake; intent and slots right (95% intervals)"
    for how, read in (("without", without), ("with", within)):
        metric = f"{name}, {how} the grammar: {reading_text(read)}"
        print(metric)
        append_result(options.out, READ, columns, row(options, metric))
    columns = "sentences lost; accepted, by source (95% intervals, Wilson)"
    for share in SHARES:
        metric = f"{name}, thresholds for {share:.0%}: {rejection_text(within, outside, share)}"
        print(metric)
        append_result(options.out, ACCEPTED, columns, row(options, metric))


def read_freely(
    hearing: SequenceHearing, symbols: Sequence[str], grammar: CompiledGrammar
) -> Answer:
    """Any words; what they mean is looked up."""
    reading = read_hearing(hearing, BeamDecoder(symbols))
    meaning = grammar.interpret([word.text for word in reading.hypothesis.words])
    understood = Understanding(hearing.utterance.speaker, meant(hearing, grammar), meaning, 0.0)
    return Answer(reading, understood)


def read_sentence(hearing: SequenceHearing, grammar: CompiledGrammar) -> Answer:
    """A sentence of the grammar, or none."""
    reading = read_hearing(hearing, GrammarDecoder(grammar))
    speaker = hearing.utterance.speaker
    return Answer(reading, understanding(speaker, meant(hearing, grammar), reading.stretches))


def meant(hearing: SequenceHearing, grammar: CompiledGrammar) -> Meaning | None:
    """What an utterance means, if it is a sentence."""
    words = hearing.utterance.text.split()
    return grammar.interpret(words) if words else None


def reading_text(answers: Answers) -> str:
    """How sentences were read, over all folds."""
    each = [answer for fold in answers.values() for answer in fold]
    words = SequenceTrial([answer.reading for answer in each]).scores
    intents = score_intents([answer.understood for answer in each])
    return (
        f"WER {with_interval(words.words.ratio)}; {words.strings.hits} of {words.strings.total} "
        f"strings; {with_interval(intents.exact)} understood"
    )


def rejection_text(inside: Answers, outside: Mapping[str, Answers], share: float) -> str:
    """What each speaker's threshold, at which the others lose a share, loses and accepts."""
    thresholds = {}
    for speaker in inside:
        others = [
            answer.understood
            for answers in (inside, *outside.values())
            for other, fold in answers.items()
            if other != speaker
            for answer in fold
        ]
        curve = RejectionCurve(others)
        # Where more than that have no reading at all: whatever has one.
        point = curve.at_lost(share) or curve.at_threshold(float(curve.thresholds.min(initial=0.0)))
        thresholds[speaker] = point.threshold
    kept = passed(inside, thresholds)
    lost = rate_text(Rate(kept.total - kept.hits, kept.total))
    accepted = ", ".join(
        f"{source} {rate_text(passed(answers, thresholds))}" for source, answers in outside.items()
    )
    least, most = min(thresholds.values()), max(thresholds.values())
    return f"{lost} lost; accepted: {accepted}; thresholds {least:.1f} to {most:.1f}"


def passed(answers: Answers, thresholds: Mapping[str, float]) -> Rate:
    """How much has a margin that is high enough."""
    margins = [
        answer.understood.margin >= thresholds[speaker]
        for speaker, fold in answers.items()
        for answer in fold
    ]
    return Rate(sum(margins), len(margins))


def rate_text(rate: Rate) -> str:
    """A share with its interval."""
    low, high = rate.interval
    return f"{rate.share:.1%} of {rate.total} ({low:.1%} to {high:.1%})"


if __name__ == "__main__":
    run_script(main)
