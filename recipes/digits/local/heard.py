"""What the evaluations of all trainings found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from speechrnn.errors import DataError
from speechrnn.evaluation.metrics import Interval, Rate, mean_with_interval
from speechrnn.evaluation.page import span
from speechrnn.evaluation.training_record import read_record


def of_folds(experiment: Path, record: str) -> dict[str, dict[str, Any]]:
    """A record of each evaluation, by the speaker who was left out.

    Args:
        experiment: Holds fold_SPEAKER.
        record: Such as "scores.json".
    """
    folds = sorted(path for path in experiment.glob("fold_*") if path.is_dir())
    if len(folds) < 2:
        raise DataError(f"{experiment}: fewer than two folds; run stages 3 and 4")
    return {
        fold.name.removeprefix("fold_"): read_record(fold / "evaluation" / record) for fold in folds
    }


def mean_text(speakers: dict[str, Rate]) -> str:
    """Mean of the speakers' shares with its interval (Student t): 91.9% (87.7–96.1%)."""
    mean = mean_with_interval([rate.share for rate in speakers.values()])
    assert mean.interval is not None  # there are two or more
    possible = Interval(*(min(max(limit, 0.0), 1.0) for limit in mean.interval))
    return f"{mean.value:.1%} ({span(possible)})"
