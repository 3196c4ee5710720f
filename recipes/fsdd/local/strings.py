"""Pool the word errors of all folds, print them, and add a row to RESULTS.md."""

from __future__ import annotations

from typing import Any

from rows import result_options, row

from speechrnn.cli.script import run_script
from speechrnn.errors import DataError
from speechrnn.evaluation.bootstrap import Bootstrap, Ratio
from speechrnn.evaluation.results import append_result
from speechrnn.evaluation.training_record import read_record

TABLE = "Connected digits, 3 to 7 in a string: leave one speaker out"


def main() -> None:
    """Read, print, write."""
    options = result_options(__doc__).parse_args()

    folds = [
        read_record(fold / "evaluation" / "sequences.json")
        for fold in sorted(options.experiment.glob("fold_*"))
        if fold.is_dir()
    ]
    if len(folds) < 2:
        raise DataError(f"{options.experiment}: fewer than two folds; run stages 3 and 4 for all")
    metric = describe({name: its for fold in folds for name, its in fold["speakers"].items()})
    print(metric)
    columns = "WER and strings without a mistake (95% intervals, speakers drawn anew): each speaker"
    append_result(options.out, TABLE, columns, row(options, metric))


def describe(speakers: dict[str, dict[str, Any]]) -> str:
    """Both figures over all speakers, and for each."""
    scores = speakers.values()
    bootstrap = Bootstrap(list(speakers), range(len(speakers)))
    edits = [its["insertions"] + its["deletions"] + its["substitutions"] for its in scores]
    words = bootstrap.ratio(edits, [its["said"] for its in scores])
    right, total = ([its["string_accuracy"][name] for its in scores] for name in ("hits", "total"))
    strings = bootstrap.ratio(right, total)
    each = ", ".join(
        f"{name} {its['wer']:.1%} / {its['string_accuracy']['share']:.1%}"
        for name, its in speakers.items()
    )
    kinds = ", ".join(
        f"{sum(its[kind] for its in scores)} {kind}"
        for kind in ("substitutions", "deletions", "insertions")
    )
    return (
        f"WER {with_interval(words)} in {words.whole:.0f} words ({kinds}); strings "
        f"{with_interval(strings)} of {strings.whole:.0f}: {each}"
    )


def with_interval(ratio: Ratio) -> str:
    """A share with its interval."""
    if ratio.value is None or ratio.interval is None:
        return "of nothing"
    low, high = ratio.interval
    return f"{ratio.value:.1%} ({low:.1%} to {high:.1%})"


if __name__ == "__main__":
    run_script(main)
