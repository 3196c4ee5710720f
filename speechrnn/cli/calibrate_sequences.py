"""`speechrnn calibrate` for a model that reads sequences: what confidence means, what counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from speechrnn.errors import ConfigError, DataError

if TYPE_CHECKING:
    from speechrnn.runtime.recognizer import Recognizer


def calibrate_sequences(
    recognizer: Recognizer,
    positives: Path,
    negatives: Sequence[Path],
    grammar: Path | None,
    out: Path | None,
) -> None:
    """Make confidences probabilities, find from when on sentences count, and store both."""
    from speechrnn.cli.grammar_scores import print_grammar_scores
    from speechrnn.cli.hearing import hear_each
    from speechrnn.datadir import read_datadir
    from speechrnn.evaluation.material import read_recordings
    from speechrnn.evaluation.sequences.alignment import spoken_words
    from speechrnn.evaluation.sequences.calibration import calibrate_grammar
    from speechrnn.evaluation.sequences.confidence import (
        fit_confidence_map,
        reliability,
        word_outcomes,
    )
    from speechrnn.evaluation.sequences.page import reliability_text
    from speechrnn.evaluation.sequences.report import write_calibration
    from speechrnn.evaluation.sequences.trial import SequenceTrial, read_hearing
    from speechrnn.runtime.metadata import write_confidence
    from speechrnn.runtime.sequences import beam_decoder, grammar_decoder

    info = recognizer.info
    if grammar is None and negatives:
        raise ConfigError("--negatives is speech outside a grammar; give one with --grammar")
    if grammar is not None and not negatives:
        raise ConfigError("--grammar needs speech outside of it; give some with --negatives")
    inside = read_datadir(positives)
    sentences = grammar_decoder(info, grammar).grammar if grammar else None
    if sentences and not any(sentences.interpret(spoken_words(its.text)) for its in inside):
        raise DataError(f"{positives}: no utterance is a sentence of {grammar}; give some that are")
    outside = [utterance for folder in negatives for utterance in read_recordings(folder)]
    heard = list(hear_each(inside, recognizer))
    others = list(hear_each(outside, recognizer))
    outcomes = word_outcomes(
        SequenceTrial([read_hearing(hearing, beam_decoder(info)) for hearing in heard])
    )
    confidence_map = fit_confidence_map(outcomes, date.today())
    raw, calibrated = reliability(outcomes), reliability(outcomes.mapped(confidence_map))
    acceptances, scores = dict(info.acceptances), None
    if grammar is not None and sentences is not None:
        acceptance, scores = calibrate_grammar(
            [*heard, *others], sentences, grammar.name, date.today()
        )
        acceptances[sentences.digest] = acceptance
    print(f"{outcomes.right.sum()} of {len(outcomes.right)} words heard were right")
    print(reliability_text(raw, calibrated))
    if scores is not None:
        print_grammar_scores(scores)
    print("counted on what it was found on; 'speechrnn evaluate' on other data tells more")
    write_confidence(info.path, confidence_map, acceptances)
    print(f"{info.path}: {'confidence' if scores is None else 'confidence, threshold'} written")
    if out is not None:
        write_calibration(out, raw, calibrated, confidence_map, scores)
    if len(heard) + len(others) < len(inside) + len(outside):
        raise typer.Exit(2)
