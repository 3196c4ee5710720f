"""`speechrnn calibrate` for a model that hears single words: thresholds in a stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from speechrnn.errors import ConfigError

if TYPE_CHECKING:
    from speechrnn.runtime.recognizer import Recognizer


def calibrate_words(
    recognizer: Recognizer,
    positives: Path,
    negatives: Sequence[Path],
    budget: float,
    strung_hours: float,
    chunk_ms: float | None,
    look_ahead_ms: float | None,
    out: Path | None,
) -> None:
    """Find the thresholds that miss least at a budget of false alarms an hour, and store them."""
    from speechrnn.cli.counting import counting
    from speechrnn.cli.live_scores import (
        print_left_out,
        print_live_scores,
        print_obstacles,
        print_shortage,
    )
    from speechrnn.decoding.operating_point import SOURCES
    from speechrnn.evaluation.calibration import calibrate as find_point
    from speechrnn.evaluation.calibration import calibration_facts
    from speechrnn.evaluation.live_report import write_live_report
    from speechrnn.evaluation.live_trial import LiveListener
    from speechrnn.evaluation.obstacles import find_obstacles
    from speechrnn.runtime.metadata import write_operating_point
    from speechrnn.runtime.stream import operating_point

    if not 0 < budget < float("inf"):
        raise ConfigError(f"--false-alarms-per-hour is {budget:g}, expected more than 0")
    info = recognizer.info
    point = operating_point(info, chunk_ms, look_ahead_ms)
    others = [it for it in SOURCES if info.frame_head == "keyword" and it != point.source]
    listener = LiveListener(recognizer, point, [point.source, *others], counting)
    trial = listener.trial(positives, negatives, strung_hours)
    found = find_point(trial, point, budget)
    print_left_out(trial)
    print_live_scores(found.scores, found.point)
    obstacles = find_obstacles(trial, found.point)
    print_obstacles(obstacles)
    print("counted on what the thresholds were found on; 'speechrnn evaluate --stream' tells more")
    print_shortage(trial.hours, budget)
    facts = calibration_facts(found.scores, budget, date.today())
    write_operating_point(info.path, replace(found.point, calibration=facts))
    print(f"{info.path}: operating point written")
    if out is not None:
        record = {**replace(found.point, calibration=None).as_metadata(), **found.scores.as_dict()}
        record["obstacles"] = [obstacle.as_dict() for obstacle in obstacles]
        write_live_report(out, "calibration", record, found.scores, found.curve, budget)
    if trial.faults:
        raise typer.Exit(2)
