"""Gather the scores of all folds, print them, and add rows to RESULTS.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rows import result_options, row

from speechrnn.cli.script import run_script
from speechrnn.errors import DataError
from speechrnn.evaluation.metrics import mean_with_interval
from speechrnn.evaluation.results import append_result
from speechrnn.evaluation.training_record import read_record

LEFT_OUT = "Leave one speaker out: six trainings, each tested on the speaker it never heard"
SHARED = "The data set's own split: recordings 0-4 for testing, the same six speakers on both sides"


def main() -> None:
    """Read, print, write."""
    options = result_options(__doc__).parse_args()

    speakers = {
        fold.name.removeprefix("fold_"): read_scores(fold)["accuracy"]["share"]
        for fold in sorted(options.experiment.glob("fold_*"))
        if fold.is_dir()
    }
    mean = mean_with_interval(list(speakers.values()))
    if mean.interval is None:
        raise DataError(f"{options.experiment}: fewer than two folds; run stage 3 for all")
    low, high = (min(max(limit, 0.0), 1.0) for limit in mean.interval)
    each = ", ".join(f"{name} {share:.1%}" for name, share in speakers.items())
    left_out = f"{mean.value:.1%} ({low:.1%} to {high:.1%}): {each}"
    accuracy = read_scores(options.experiment / "index")["accuracy"]
    shared = f"{accuracy['share']:.1%} ({accuracy['low']:.1%} to {accuracy['high']:.1%})"
    print(f"leave one speaker out  {left_out}")
    print(f"shared speakers        {shared}")

    interval = "accuracy, mean over speakers (95% interval, Student t): each speaker"
    append_result(options.out, LEFT_OUT, interval, row(options, left_out))
    append_result(options.out, SHARED, "accuracy (95% interval, Wilson)", row(options, shared))


def read_scores(fold: Path) -> dict[str, Any]:
    """The scores of one fold's evaluation."""
    return read_record(fold / "evaluation" / "scores.json")


if __name__ == "__main__":
    run_script(main)
