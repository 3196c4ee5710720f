"""Print what the models heard of speakers they never heard before, and add rows to RESULTS.md."""

from __future__ import annotations

import argparse
from pathlib import Path

from heard import mean_text, of_folds

from speechrnn.cli.script import run_script
from speechrnn.evaluation.card_tables import rate_text, recalls
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.results import append_result
from speechrnn.evaluation.training_record import read_record, result_row, training_seconds
from speechrnn.vocabulary import NON_WORDS, SILENCE, UNKNOWN

LEFT_OUT = (
    "Free Spoken Digit Dataset, leave one speaker out; ten digits, other words and silence to "
    "choose from"
)


def main() -> None:
    """Read, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds others/corpus.json")
    parser.add_argument("--experiment", type=Path, required=True, help="fold_SPEAKER/ and all/")
    parser.add_argument("--out", type=Path, required=True, help="RESULTS.md")
    parser.add_argument("--command", required=True, help="that the reader should type")
    options = parser.parse_args()

    speakers = {
        name: Rate(scores["accuracy"]["hits"], scores["accuracy"]["total"])
        for name, scores in of_folds(options.experiment, "scores.json").items()
    }
    each = ", ".join(f"{name} {rate.share:.1%}" for name, rate in speakers.items())
    scores = read_record(options.experiment / "all" / "evaluation" / "scores.json")
    corpus = read_record(options.data / "others" / "corpus.json")["corpus"]
    runs = sorted(path.parent for path in options.experiment.glob("*/run/environment.json"))
    minutes = sum(map(training_seconds, runs)) / 60
    facts = {
        "command": options.command,
        "parameters": scores["parameters"],
        "wall_time": f"{minutes:.0f} min of training, {len(runs)} models",
    }
    for table, column, metric in (
        (
            LEFT_OUT,
            "accuracy, mean over speakers (95% interval, Student t): each speaker",
            f"{mean_text(speakers)}: {each}",
        ),
        (
            f"{corpus}: digits, other words, silence; the test list",
            "heard right (95% intervals, Wilson)",
            by_kind(recalls([scores])),
        ),
    ):
        print(f"{table}\n  {metric}")
        row = result_row([options.experiment / "all" / "run"], metric=metric, **facts)
        append_result(options.out, table, column, row)


def by_kind(words: dict[str, Rate]) -> str:
    """Digits together, other words, silence."""
    digits = [rate for word, rate in words.items() if word not in NON_WORDS]
    kinds = {
        "digits": Rate(sum(rate.hits for rate in digits), sum(rate.total for rate in digits)),
        "other words": words.get(UNKNOWN),
        "silence": words.get(SILENCE),
    }
    return ", ".join(
        f"{kind} {rate_text(rate)} of {rate.total}" for kind, rate in kinds.items() if rate
    )


if __name__ == "__main__":
    run_script(main)
