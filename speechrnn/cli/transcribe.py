"""`speechrnn transcribe`: recordings in, words out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from speechrnn.cli.decoders import (
    BeamWidth,
    Grammar,
    LanguageModelFile,
    LanguageWeight,
    WordBonus,
    make_decoder,
)
from speechrnn.cli.models import ModelName
from speechrnn.errors import AudioError, SpeechRNNError

_STANDARD_INPUT = "-"


def transcribe(
    files: Annotated[list[str], typer.Argument(help="Recordings, folders, or - for WAV on stdin.")],
    model: ModelName = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    allow_truncated: Annotated[
        bool, typer.Option("--allow-truncated", help="Take what is there of a cut-off file.")
    ] = False,
    grammar: Grammar = None,
    lm: LanguageModelFile = None,
    lm_weight: LanguageWeight = None,
    word_bonus: WordBonus = None,
    beam: BeamWidth = None,
) -> None:
    """Print the words that recordings hold, with confidence and times."""
    from speechrnn.cli.listing import Listing
    from speechrnn.runtime.recognizer import load_model

    recognizer = load_model(model)
    decoder = make_decoder(
        recognizer.info, grammar, lm, beam, lm_weight=lm_weight, word_bonus=word_bonus
    )
    paths, faults = _recordings(files)
    listing = Listing(paths)
    for fault in faults:
        _report(fault)
    for path in paths:
        try:
            source = _standard_input() if path == _STANDARD_INPUT else path
            transcript = recognizer.transcribe(
                source, allow_truncated=allow_truncated, decoder=decoder
            )
        except SpeechRNNError as fault:
            faults.append(fault)
            _report(fault)
            continue
        if as_json:
            record = {"path": path, **transcript.as_dict()}
            print(json.dumps(record, ensure_ascii=False), flush=True)
        else:
            print(listing.entry(path, transcript), flush=True)
    if faults:
        raise typer.Exit(2)


def _recordings(sources: list[str]) -> tuple[list[str], list[SpeechRNNError]]:
    """Files as they come, folders as the recordings below them, sorted."""
    from speechrnn.audio import FORMATS, recordings_below

    paths: list[str] = []
    faults: list[SpeechRNNError] = []
    for source in sources:
        if source == _STANDARD_INPUT or not Path(source).is_dir():
            paths.append(source)
            continue
        below = [str(path) for path in recordings_below(source)]
        paths += below
        if not below:
            faults.append(AudioError(f"{source}: no recordings in this folder; expected {FORMATS}"))
    return paths, faults


def _standard_input() -> BinaryIO:
    if sys.stdin.isatty():
        raise AudioError("-: standard input is a terminal; pipe a WAV file into it")
    return sys.stdin.buffer


def _report(fault: SpeechRNNError) -> None:
    print(f"speechrnn: {' '.join(str(fault).split())}", file=sys.stderr, flush=True)
