"""What a training and its evaluation left behind, as recipes report it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from speechrnn.errors import DataError
from speechrnn.evaluation.results import ResultRow


def read_record(path: Path) -> dict[str, Any]:
    """A JSON object from a file that an earlier stage of a recipe writes.

    Raises:
        DataError: It is not there, or was not written whole.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise DataError(f"{path}: {fault.strerror}; run the stages before this one") from None
    except ValueError as fault:
        raise DataError(f"{path}: {fault}; run the stages before this one again") from None


def training_seconds(run: Path) -> float:
    """How long the epochs of a run took.

    Args:
        run: What `speechrnn train --out` leaves.

    Raises:
        DataError: No epoch was finished.
    """
    try:
        epochs = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError as fault:
        raise DataError(f"{fault.filename}: {fault.strerror}; train it first") from None
    return sum(json.loads(epoch)["seconds"] for epoch in epochs)


def result_row(
    runs: Sequence[Path],
    *,
    command: str,
    parameters: int | str,
    metric: str,
    wall_time: str,
    evaluated_with: str = "",
) -> ResultRow:
    """A row of RESULTS.md, with today's date.

    Args:
        runs: What `speechrnn train --out` leaves, of each network that judges: commits, seeds and
            the device of the first stand in the row.
        command: That the reader should type.
        parameters: Of the network, as an evaluation tells them.
        metric: The figure, with its interval.
        wall_time: How long it took.
        evaluated_with: Commit of the code that evaluated, named where it is another.

    Raises:
        DataError: One is no run.
    """
    environments = [read_record(run / "environment.json") for run in runs]
    commit = ", ".join(dict.fromkeys(its["git_commit"] or "" for its in environments))
    device, threads = environments[0]["device"], environments[0]["threads"]
    if evaluated_with not in ("", commit):
        commit = f"{commit}, evaluated with {evaluated_with}"
    return ResultRow(
        date=datetime.date.today().isoformat(),
        commit=commit,
        command=command,
        parameters=f"{int(parameters):,}",
        seeds=", ".join(str(its["seed"]) for its in environments),
        metric=metric,
        wall_time=wall_time,
        device=f"{device}, {threads} thread{'s' * (threads > 1)}",
    )
