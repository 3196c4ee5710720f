"""What the recipe's results have in common: their options, and what a row says of its run."""

from __future__ import annotations

import argparse
from pathlib import Path

from speechrnn.errors import DataError
from speechrnn.evaluation.results import ResultRow
from speechrnn.evaluation.training_record import read_record, result_row


def result_options(description: str | None) -> argparse.ArgumentParser:
    """What every script that adds rows needs to know."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--experiment", type=Path, required=True, help="folder of all trainings")
    parser.add_argument("--out", type=Path, required=True, help="RESULTS.md")
    parser.add_argument("--command", required=True, help="that the reader should type")
    parser.add_argument("--commit", required=True, help="of the code that evaluates")
    return parser


def row(options: argparse.Namespace, metric: str) -> ResultRow:
    """A row of all trainings together.

    Args:
        options: See `result_options`.
        metric: The figure.
    """
    experiment: Path = options.experiment
    runs = sorted(path.parent for path in experiment.glob("*/environment.json"))
    if not runs:
        raise DataError(f"{experiment}: no trainings; run stage 3")
    try:
        seconds = float((experiment / "seconds").read_text())
    except OSError:
        raise DataError(f"{experiment}: trainings are not finished; run stage 3") from None
    evaluation = runs[0] / "evaluation"
    sequences = evaluation / "sequences.json"
    scores = read_record(sequences if sequences.exists() else evaluation / "scores.json")
    count = {6: "six", 7: "seven"}.get(len(runs), str(len(runs)))
    return result_row(
        runs[:1],
        command=options.command,
        parameters=scores["parameters"],
        metric=metric,
        wall_time=f"{seconds / 60:.0f} min for all {count} trainings",
        evaluated_with=options.commit,
    )
