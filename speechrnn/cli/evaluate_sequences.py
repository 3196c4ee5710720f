"""`speechrnn evaluate` for a model that reads sequences: word errors, and what confidence means."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import typer

from speechrnn.decoding.ctc.hypothesis import Hypothesis, Word

if TYPE_CHECKING:
    from speechrnn.runtime.recognizer import Recognizer


def evaluate_sequences(
    recognizer: Recognizer,
    data: Path,
    grammar: Path | None,
    lm: Path | None,
    beam: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Score a model with a CTC head on the utterances of a Kaldi directory."""
    from speechrnn.cli.counting import counting
    from speechrnn.cli.decoders import make_decoder
    from speechrnn.cli.sequence_scores import print_sequence_scores
    from speechrnn.datadir import read_datadir
    from speechrnn.evaluation.sequences.report import sequence_figures, write_sequence_report
    from speechrnn.evaluation.sequences.trial import Reading, SequenceTrial, readings
    from speechrnn.runtime.sequences import decode, log_posteriors

    info = recognizer.info
    decoder = make_decoder(info, grammar, lm, beam)
    assert decoder is not None

    def read(wave: np.ndarray) -> Hypothesis:
        every = decode(log_posteriors([wave], recognizer.session, info), decoder)
        found = [its for its in every if isinstance(its, Hypothesis)]
        if grammar is None:
            return found[0]
        words: tuple[Word, ...] = tuple(word for sentence in found for word in sentence.words)
        return Hypothesis(words, sum(sentence.score for sentence in found))

    utterances = read_datadir(data)
    given: list[Reading] = []
    faults = 0
    with counting("read", len(utterances)) as step:
        for reading in readings(utterances, info.sample_rate_hz, read):
            step()
            if isinstance(reading, Reading):
                given.append(reading)
            else:
                faults += 1
                print(f"speechrnn: left out: {reading}", file=sys.stderr)
    trial = SequenceTrial(given)
    facts = {
        "model": str(info.path),
        "parameters": str(info.num_parameters),
        "data": str(data),
        "unreadable recordings left out": str(faults),
        "command": shlex.join(["speechrnn", *sys.argv[1:]]),
    }
    if as_json:
        print(json.dumps({**facts, **sequence_figures(trial)}, ensure_ascii=False))
    else:
        print_sequence_scores(trial.scores)
    if out is not None:
        page = write_sequence_report(out, trial, info.sample_rate_hz, facts)
        print(f"report: {page}", file=sys.stderr)
    if faults:
        raise typer.Exit(2)
