"""`speechrnn evaluate`: how well a model hears the utterances of a Kaldi directory."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar

import typer

from speechrnn.cli.decoders import (
    BeamWidth,
    Grammar,
    LanguageModelFile,
    LanguageWeight,
    WordBonus,
    make_decoder,
)
from speechrnn.cli.together import alone, each_heard, together
from speechrnn.errors import AudioError, ConfigError

if TYPE_CHECKING:
    import numpy as np

    from speechrnn.datadir import Utterance
    from speechrnn.runtime.recognizer import Recognizer
    from speechrnn.training.distributed import Group

T = TypeVar("T")


class _Subject(NamedTuple):
    """What evaluation needs of a model, exported or not."""

    labels: Sequence[str]
    sample_rate_hz: int
    num_parameters: int
    classify: Callable[[Sequence[np.ndarray]], np.ndarray]


def evaluate(
    model: Annotated[Path, typer.Option(help="An .onnx file, a packaged model, or an experiment.")],
    data: Annotated[
        Path,
        typer.Option(help="Kaldi directory of utterances, a word or, for CTC, a sequence each."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for report.html, scores.json and pictures.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print scores as one object.")] = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="Strung together, as a microphone would hear them.")
    ] = False,
    negatives: Annotated[
        list[Path] | None,
        typer.Option(help="Recordings without words or sentences, for --stream or --grammar."),
    ] = None,
    strung_hours: Annotated[
        float, typer.Option(help="With --stream: hours of negatives to string anew, over noise.")
    ] = 0.0,
    chunk_ms: Annotated[
        float | None, typer.Option(help="With --stream: how often the network runs.")
    ] = None,
    look_ahead_ms: Annotated[
        float | None, typer.Option(help="With --stream: what it hears beyond that.")
    ] = None,
    grammar: Grammar = None,
    lm: LanguageModelFile = None,
    beam: BeamWidth = None,
    lm_weight: LanguageWeight = None,
    word_bonus: WordBonus = None,
) -> None:
    """Score a model on the utterances of a Kaldi directory, cut or in a stream."""
    if stream:
        from speechrnn.cli.evaluate_stream import evaluate_stream

        alone("evaluate --stream")
        evaluate_stream(
            model, data, negatives or [], strung_hours, chunk_ms, look_ahead_ms, out, as_json
        )
        return
    if strung_hours or chunk_ms is not None or look_ahead_ms is not None:
        raise ConfigError(
            "--strung-hours, --chunk-ms and --look-ahead-ms are for streams; add --stream"
        )
    with together() as group:
        recognizer = None
        if not model.is_dir():
            from speechrnn.runtime.recognizer import load_model

            recognizer = load_model(model)
            decoder = make_decoder(
                recognizer.info, grammar, lm, beam, lm_weight=lm_weight, word_bonus=word_bonus
            )
            if decoder is not None:
                from speechrnn.cli.evaluate_sequences import evaluate_sequences

                evaluate_sequences(recognizer, decoder, data, negatives or [], out, as_json, group)
                return
        if negatives:
            raise ConfigError(
                "--negatives is for streams and for grammars; add --stream or --grammar"
            )
        _evaluate_clips(model, recognizer, data, out, as_json, group)


def _evaluate_clips(
    model: Path,
    recognizer: Recognizer | None,
    data: Path,
    out: Path | None,
    as_json: bool,
    group: Group | None,
) -> None:
    from speechrnn.cli.scores import print_scores
    from speechrnn.datadir import read_datadir
    from speechrnn.evaluation.report import write_report
    from speechrnn.evaluation.trial import Answer, answers, score_answers

    utterances = read_datadir(data)
    labels, rate_hz, num_parameters, classify = _subject(model, recognizer)
    shown = group is None or group.is_first

    def hear(part: Sequence[Utterance]) -> Iterator[Answer | AudioError]:
        return _with_progress(answers(part, labels, rate_hz, classify), len(part), shown)

    heard = each_heard(group, utterances, hear)
    if not shown:
        return
    given = [answer for answer in heard if isinstance(answer, Answer)]
    for answer in heard:
        if isinstance(answer, AudioError):
            print(f"speechrnn: left out: {answer}", file=sys.stderr)
    faults = len(heard) - len(given)
    scores = score_answers(given, labels)
    facts = {
        "model": str(model),
        "parameters": str(num_parameters),
        "data": str(data),
        "unreadable clips left out": str(faults),
        "command": shlex.join(["speechrnn", *sys.argv[1:]]),
    }
    if as_json:
        print(json.dumps({**facts, **scores.as_dict()}, ensure_ascii=False))
    else:
        print_scores(scores, faults)
    if out is not None:
        page = write_report(out, scores, given, rate_hz, facts)
        print(f"report: {page}", file=sys.stderr)
    if faults:
        raise typer.Exit(2)


def _subject(model: Path, recognizer: Recognizer | None) -> _Subject:
    if recognizer is not None:
        info = recognizer.info
        return _Subject(
            info.labels, info.sample_rate_hz, info.num_parameters, recognizer.clip_log_probs
        )
    from speechrnn.training.checkpoint import load_experiment
    from speechrnn.training.predict import clip_log_probs

    network = load_experiment(model)
    if network.head is None:
        raise ConfigError(
            f"{model}: reads sequences; export it first, and give the .onnx file to evaluate"
        )
    return _Subject(
        network.vocabulary.symbols,
        network.config.features.sample_rate_hz,
        network.num_parameters,
        partial(clip_log_probs, network),
    )


def _with_progress(stream: Iterator[T], total: int, shown: bool) -> Iterator[T]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return iter(
        track(
            stream,
            "hearing",
            total,
            console=console,
            transient=True,
            disable=not (shown and console.is_terminal),
        )
    )
