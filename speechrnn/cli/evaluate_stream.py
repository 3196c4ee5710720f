"""`speechrnn evaluate --stream`: a model in long streams, at its operating point."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import typer


def evaluate_stream(
    model: Path,
    data: Path,
    negatives: Sequence[Path],
    strung_hours: float,
    chunk_ms: float | None,
    look_ahead_ms: float | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Score a model on the words of a Kaldi directory strung together, and on negatives."""
    import matplotlib  # noqa: F401 (what is needed at the end is better missed now)
    import scipy  # noqa: F401

    from speechrnn.cli.counting import counting
    from speechrnn.cli.live_scores import print_choices, print_left_out, print_live_scores
    from speechrnn.evaluation.calibration import word_peaks
    from speechrnn.evaluation.choice import compare_choices
    from speechrnn.evaluation.det import det_curve
    from speechrnn.evaluation.live_report import write_live_report
    from speechrnn.evaluation.live_scores import score_live
    from speechrnn.evaluation.live_trial import LiveListener
    from speechrnn.runtime.recognizer import load_model
    from speechrnn.runtime.stream import operating_point

    recognizer = load_model(model)
    point = operating_point(recognizer.info, chunk_ms, look_ahead_ms)
    listener = LiveListener(recognizer, point, [point.source], counting)
    trial = listener.trial(data, negatives, strung_hours)
    scores = score_live(trial, point)
    choices = compare_choices(trial, recognizer)
    calibrated = recognizer.info.operating_point is not None
    record = {
        "model": str(model),
        "parameters": recognizer.info.num_parameters,
        "data": str(data),
        "calibrated": calibrated,
        "operating_point": point.as_metadata(),
        "unreadable recordings left out": len(trial.faults),
        "command": shlex.join(["speechrnn", *sys.argv[1:]]),
        "forced_choice": choices.as_dict(),
        **scores.as_dict(),
    }
    print_left_out(trial)
    if as_json:
        print(json.dumps(record, ensure_ascii=False))
    else:
        if not calibrated:
            print("not calibrated: the default thresholds; 'speechrnn calibrate' finds better ones")
        print_live_scores(scores, point)
        print_choices(choices)
    if out is not None:
        curve = None
        if trial.negatives:
            curve = det_curve(word_peaks(trial, point), point.thresholds, trial.hours)
        write_live_report(out, "stream", record, scores, curve)
    if trial.faults:
        raise typer.Exit(2)
