"""Print the word error rate on the test recordings, and add a row to RESULTS.md."""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from typing import Any

from speechrnn.evaluation.results import ResultRow, append_result

TABLE = "icefall's split: every other recording for testing; one speaker, the same on both sides"


def main() -> None:
    """Read, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="none: only print")
    parser.add_argument("--seconds", type=int, help="that everything so far took")
    parser.add_argument("--command", required=True)
    options = parser.parse_args()

    scores = read_json(options.experiment / "evaluation" / "sequences.json")
    metric = describe(scores)
    print(f"WER {metric}")
    if options.out is None:
        return
    environment = read_json(options.experiment / "run" / "environment.json")
    epochs = (options.experiment / "run" / "metrics.jsonl").read_text().splitlines()
    wall_time = f"{sum(json.loads(epoch)['seconds'] for epoch in epochs):.0f} s of training"
    if options.seconds is not None:
        wall_time = f"{options.seconds} s for stages 1 to 4, {wall_time}"
    threads = environment["threads"]
    row = ResultRow(
        date=datetime.date.today().isoformat(),
        commit=environment["git_commit"] or "",
        command=options.command,
        parameters=f"{int(scores['parameters']):,}",
        seeds=str(environment["seed"]),
        metric=metric,
        wall_time=wall_time,
        device=f"{environment['device']}, {threads} thread{'s' * (threads > 1)}",
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


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise SystemExit(f"{path}: {fault.strerror}; run the stages before this one") from None


if __name__ == "__main__":
    main()
