"""Print the score on each test list, and add a row for each to RESULTS.md."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from speechrnn.cli.script import run_script
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.results import append_result
from speechrnn.evaluation.training_record import read_record, result_row, training_seconds
from speechrnn.vocabulary import NON_WORDS, SILENCE, UNKNOWN

KINDS = {"words": None, "other words": UNKNOWN, "silence": SILENCE}


def main() -> None:
    """Read, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--experiment", type=Path, required=True)
    parser.add_argument(
        "--member", type=Path, action="append", required=True, help="what was trained for it"
    )
    parser.add_argument("--out", type=Path, help="none: only print")
    parser.add_argument("--command", required=True)
    options = parser.parse_args()

    corpus = read_record(options.data / "corpus.json")
    runs = [member / "run" for member in options.member]
    minutes = sum(training_seconds(run) for run in runs) / 60
    for test, held in corpus["tests"].items():
        scores = read_record(options.experiment / "evaluation" / test / "scores.json")
        metric = describe(scores)
        table = f"{corpus['corpus']}: {corpus['task']}; {held}"
        print(f"{table}\n  {metric}")
        row = result_row(
            runs,
            command=options.command,
            parameters=scores["parameters"],
            metric=metric,
            wall_time=f"{minutes:.0f} min of training",
        )
        if options.out:
            append_result(options.out, table, "accuracy (95% interval, Wilson)", row)


def describe(scores: dict[str, Any]) -> str:
    """Accuracy with its interval, and where there are other words or silence, that of each kind."""
    accuracy = scores["accuracy"]
    text = f"{accuracy['share']:.1%} ({accuracy['low']:.1%} to {accuracy['high']:.1%})"
    text += f" of {accuracy['total']:,}"
    if not set(scores["words"]) & set(NON_WORDS):
        return text
    shares = []
    for kind, label in KINDS.items():
        recalls = [
            word["recall"]
            for name, word in scores["words"].items()
            if name == label or (label is None and name not in NON_WORDS)
        ]
        rate = Rate(sum(r["hits"] for r in recalls), sum(r["total"] for r in recalls))
        if rate.total:
            shares.append(f"{kind} {rate.share:.1%}")
    return f"{text}: {', '.join(shares)}"


if __name__ == "__main__":
    run_script(main)
