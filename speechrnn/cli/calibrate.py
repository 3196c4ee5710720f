"""`speechrnn calibrate`: find out when to believe a model, and write it down in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from speechrnn.errors import ConfigError, ModelError


def calibrate(
    model: Annotated[
        Path, typer.Option(help="An exported .onnx file; what is found goes into it.")
    ],
    positives: Annotated[
        Path,
        typer.Option(help="Kaldi directory of utterances, a word or, for CTC, a sequence each."),
    ],
    negatives: Annotated[
        list[Path] | None,
        typer.Option(help="Recordings without words or sentences: folder or Kaldi directory."),
    ] = None,
    grammar: Annotated[
        Path | None, typer.Option(help="With CTC: find from when on its sentences count.")
    ] = None,
    false_alarms_per_hour: Annotated[
        float | None,
        typer.Option(help="How many are bearable, of all words together; default: 0.5."),
    ] = None,
    strung_hours: Annotated[
        float | None, typer.Option(help="Hours of negatives to string anew, over noise.")
    ] = None,
    chunk_ms: Annotated[
        float | None, typer.Option(help="How often the network runs; none: as the model says.")
    ] = None,
    look_ahead_ms: Annotated[
        float | None, typer.Option(help="What it hears beyond that; none: as the model says.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for calibration.json and pictures.")
    ] = None,
) -> None:
    """Measure when a model is to be believed, and store it.

    For single words: the thresholds that miss least at a budget of false alarms. For sequences
    (CTC): what makes confidences probabilities and, for a grammar, which margin loses 1% of its
    sentences.
    """
    import matplotlib  # noqa: F401 (what is needed at the end is better missed now)
    import onnx  # noqa: F401
    import scipy  # noqa: F401

    from speechrnn.runtime.packaged import find_own_model
    from speechrnn.runtime.recognizer import load_model

    model = find_own_model(model)
    recognizer = load_model(model)
    if not os.access(model.resolve().parent, os.W_OK):
        raise ModelError(f"{model}: its folder cannot be written; copy the model elsewhere")
    if not recognizer.info.reads_sequences:
        if grammar is not None:
            raise ConfigError(
                f"--grammar: {model} hears single words; give a model trained with "
                "model.frame_head ctc"
            )
        from speechrnn.cli.calibrate_words import calibrate_words

        budget = 0.5 if false_alarms_per_hour is None else false_alarms_per_hour
        streaming = (strung_hours or 0.0, chunk_ms, look_ahead_ms)
        calibrate_words(recognizer, positives, negatives or [], budget, *streaming, out)
        return
    for_words = {
        "--false-alarms-per-hour": false_alarms_per_hour,
        "--strung-hours": strung_hours,
        "--chunk-ms": chunk_ms,
        "--look-ahead-ms": look_ahead_ms,
    }
    for name, value in for_words.items():
        if value is not None:
            raise ConfigError(f"{name}: {model} reads sequences, not single words; leave it out")
    from speechrnn.cli.calibrate_sequences import calibrate_sequences

    calibrate_sequences(recognizer, positives, negatives or [], grammar, out)
