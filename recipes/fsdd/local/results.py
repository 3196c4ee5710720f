"""Gather the scores of all folds, print them, and add rows to RESULTS.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rows import read_json, result_options, run_facts

from speechrnn.evaluation.metrics import mean_with_interval
from speechrnn.evaluation.results import ResultRow, append_result

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
        raise SystemExit(f"{options.experiment}: fewer than two folds; run stage 3 for all")
    low, high = (min(max(limit, 0.0), 1.0) for limit in mean.interval)
    each = ", ".join(f"{name} {share:.1%}" for name, share in speakers.items())
    left_out = f"{mean.value:.1%} ({low:.1%} to {high:.1%}): {each}"
    accuracy = read_scores(options.experiment / "index")["accuracy"]
    shared = f"{accuracy['share']:.1%} ({accuracy['low']:.1%} to {accuracy['high']:.1%})"
    print(f"leave one speaker out  {left_out}")
    print(f"shared speakers        {shared}")

    facts = run_facts(options)
    interval = "accuracy, mean over speakers (95% interval, Student t): each speaker"
    append_result(options.out, LEFT_OUT, interval, ResultRow(metric=left_out, **facts))
    append_result(
        options.out, SHARED, "accuracy (95% interval, Wilson)", ResultRow(metric=shared, **facts)
    )


def read_scores(fold: Path) -> dict[str, Any]:
    """The scores of one fold's evaluation."""
    return read_json(fold / "evaluation" / "scores.json")


if __name__ == "__main__":
    main()
