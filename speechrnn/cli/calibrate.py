"""`speechrnn calibrate`: find out from when on a model's words count, and write it down in it."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from speechrnn.errors import ConfigError, ModelError


def calibrate(
    model: Annotated[Path, typer.Option(help="An exported .onnx file; thresholds go into it.")],
    positives: Annotated[Path, typer.Option(help="Kaldi directory of utterances, a word each.")],
    negatives: Annotated[
        list[Path] | None,
        typer.Option(help="Recordings without the words: folder or Kaldi directory; repeatable."),
    ] = None,
    false_alarms_per_hour: Annotated[
        float, typer.Option(help="How many are bearable, of all words together.")
    ] = 0.5,
    strung_hours: Annotated[
        float, typer.Option(help="Hours of negatives to string anew, over noise.")
    ] = 0.0,
    chunk_ms: Annotated[
        float | None, typer.Option(help="How often the network runs; none: as the model says.")
    ] = None,
    look_ahead_ms: Annotated[
        float | None, typer.Option(help="What it hears beyond that; none: as the model says.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for calibration.json and det.png.")
    ] = None,
) -> None:
    """Find the thresholds that miss least at a budget of false alarms, and store them."""
    import matplotlib  # noqa: F401 (what is needed at the end is better missed now)
    import onnx  # noqa: F401
    import scipy  # noqa: F401

    from speechrnn.cli.counting import counting
    from speechrnn.cli.live_scores import print_left_out, print_live_scores, print_shortage
    from speechrnn.decoding.operating_point import SOURCES
    from speechrnn.evaluation.calibration import calibrate as find_point
    from speechrnn.evaluation.calibration import calibration_facts
    from speechrnn.evaluation.live_report import write_live_report
    from speechrnn.evaluation.live_trial import LiveListener
    from speechrnn.runtime.metadata import write_operating_point
    from speechrnn.runtime.packaged import find_own_model
    from speechrnn.runtime.recognizer import load_model
    from speechrnn.runtime.stream import operating_point

    budget = false_alarms_per_hour
    if not 0 < budget < float("inf"):
        raise ConfigError(f"--false-alarms-per-hour is {budget:g}, expected more than 0")
    model = find_own_model(model)
    recognizer = load_model(model)
    if not os.access(model.resolve().parent, os.W_OK):
        raise ModelError(f"{model}: its folder cannot be written; copy the model elsewhere")
    point = operating_point(recognizer.info, chunk_ms, look_ahead_ms)
    has_keyword_head = recognizer.info.frame_head == "keyword"
    others = [source for source in SOURCES if has_keyword_head and source != point.source]
    listener = LiveListener(recognizer, point, [point.source, *others], counting)
    trial = listener.trial(positives, negatives or [], strung_hours)
    found = find_point(trial, point, budget)
    print_left_out(trial)
    print_live_scores(found.scores, found.point)
    print("counted on what the thresholds were found on; 'speechrnn evaluate --stream' tells more")
    print_shortage(trial.hours, budget)
    facts = calibration_facts(found.scores, budget, date.today())
    write_operating_point(model, replace(found.point, calibration=facts))
    print(f"{model}: operating point written")
    if out is not None:
        record = {**replace(found.point, calibration=None).as_metadata(), **found.scores.as_dict()}
        write_live_report(out, "calibration", record, found.scores, found.curve, budget)
    if trial.faults:
        raise typer.Exit(2)
