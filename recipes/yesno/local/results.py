"""Print the word error rate on the test recordings, and add a row to RESULTS.md."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from speechrnn.cli.script import run_script
from speechrnn.evaluation.results import append_result
from speechrnn.evaluation.training_record import read_record, result_row, training_seconds

TABLE = "icefall's split: every other recording for testing; one speaker, the same on both sides"


def main() -> None:
    """Read, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="none: only print")
    parser.add_argument("--seconds", type=int, help="that everything so far took")
    parser.add_argument("--command", required=True)
    options = parser.parse_args()

    scores = read_record(options.experiment / "evaluation" / "sequences.json")
    metric = describe(scores)
    print(f"WER {metric}")
    if options.out is None:
        return
    run = options.experiment / "run"
    wall_time = f"{training_seconds(run):.0f} s of training"
    if options.seconds is not None:
        wall_time = f"{options.seconds} s for stages 1 to 4, {wall_time}"
    row = result_row(
        [run],
        command=options.command,
        parameters=scores["parameters"],
        metric=metric,
        wall_time=wall_time,
    )
    append_result(options.out, TABLE, "WER (95% interval, recordings drawn anew)", row)


def describe(scores: dict[str, Any]) -> str:
    """The rate with its interval, the edits of each kind, and how many recordings were right."""
    wer, right = scores["wer"], scores["speakers"]["global"]["string_accuracy"]
    return (
        f"{wer['value']:.2%} ({wer['low']:.2%} to {wer['high']:.2%}): {wer['insertions']} "
        f"insertions, {wer['deletions']} deletions, {wer['substitutions']} substitutions in "
        f"{wer['said']} words; {right['hits']} of {right['total']} recordings without a mistake"
    )


if __name__ == "__main__":
    run_script(main)
