"""What the recipe's results have in common: reading JSON, and what a row says of its run."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any


def run_facts(experiment: Path, command: str, parameters: float) -> dict[str, Any]:
    """All columns of a `ResultRow` but the metric.

    Args:
        experiment: Folder of all trainings of a configuration.
        command: The exact command.
        parameters: Trainable numbers of one network.
    """
    runs = sorted(experiment.glob("*/environment.json"))
    if not runs:
        raise SystemExit(f"{experiment}: no trainings; run stage 3")
    environment = read_json(runs[0])
    try:
        seconds = float((experiment / "seconds").read_text())
    except OSError:
        raise SystemExit(f"{experiment}: trainings are not finished; run stage 3") from None
    count = {6: "six", 7: "seven"}.get(len(runs), str(len(runs)))
    return {
        "date": datetime.date.today().isoformat(),
        "commit": environment["git_commit"] or "",
        "command": command,
        "parameters": f"{int(parameters):,}",
        "seeds": str(environment["seed"]),
        "wall_time": f"{seconds / 60:.0f} min for all {count} trainings",
        "device": f"{environment['device']}, {environment['threads']} thread a training",
    }


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise SystemExit(f"{path}: {fault.strerror}; run the stages before this one") from None
