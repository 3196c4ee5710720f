"""`speechrnn evaluate` for a model that reads sequences: word errors, meaning, confidence."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from speechrnn.cli.together import each_heard
from speechrnn.errors import ConfigError

if TYPE_CHECKING:
    from speechrnn.datadir import Utterance
    from speechrnn.decoding.grammar.decoder import GrammarDecoder
    from speechrnn.runtime.recognizer import Recognizer
    from speechrnn.runtime.sequences import Decoder
    from speechrnn.training.distributed import Group


def evaluate_sequences(
    recognizer: Recognizer,
    decoder: Decoder | GrammarDecoder,
    data: Path,
    negatives: Sequence[Path],
    out: Path | None,
    as_json: bool,
    group: Group | None,
) -> None:
    """Score a model with a CTC head on the utterances of a Kaldi directory."""
    import matplotlib  # noqa: F401 (what is needed at the end is better missed now)
    import scipy  # noqa: F401

    from speechrnn.cli.grammar_scores import print_grammar_scores
    from speechrnn.cli.hearing import hear_all
    from speechrnn.cli.sequence_scores import print_sequence_scores
    from speechrnn.datadir import read_datadir
    from speechrnn.decoding.grammar.decoder import GrammarDecoder
    from speechrnn.evaluation.material import read_recordings
    from speechrnn.evaluation.sequences.grammar import score_grammar
    from speechrnn.evaluation.sequences.report import sequence_figures, write_sequence_report
    from speechrnn.evaluation.sequences.trial import Reading, SequenceTrial, read_hearing

    info = recognizer.info
    if negatives and not isinstance(decoder, GrammarDecoder):
        raise ConfigError("--negatives is speech outside a grammar; give one with --grammar")
    utterances = read_datadir(data)
    others = [utterance for folder in negatives for utterance in read_recordings(folder)]
    shown = group is None or group.is_first

    def read(part: Sequence[Utterance]) -> Iterator[Reading | None]:
        for hearing in hear_all(part, recognizer, shown):
            yield read_hearing(hearing, decoder) if hearing else None

    heard, heard_outside = (each_heard(group, each, read) for each in (utterances, others))
    if not shown:
        return
    given, outside = ([it for it in each if it] for each in (heard, heard_outside))
    faults = len(utterances) + len(others) - len(given) - len(outside)
    trial = SequenceTrial(given)
    scores = None
    if isinstance(decoder, GrammarDecoder):
        calibrated = decoder.grammar.digest in info.acceptances
        scores = score_grammar([*given, *outside], decoder.grammar, decoder.threshold, calibrated)
    facts = {
        "model": str(info.path),
        "parameters": str(info.num_parameters),
        "data": str(data),
        "unreadable recordings left out": str(faults),
        "command": shlex.join(["speechrnn", *sys.argv[1:]]),
    }
    if as_json:
        figures = sequence_figures(trial, info.confidence_map, scores)
        print(json.dumps({**facts, **figures}, ensure_ascii=False))
    else:
        print_sequence_scores(trial, info.confidence_map)
        if scores is not None:
            print_grammar_scores(scores)
    if out is not None:
        page = write_sequence_report(
            out, trial, info.sample_rate_hz, facts, info.confidence_map, scores
        )
        print(f"report: {page}", file=sys.stderr)
    if faults:
        raise typer.Exit(2)
