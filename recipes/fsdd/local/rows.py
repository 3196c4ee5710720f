"""What the recipe's results have in common: reading JSON, and what a row says of its run."""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from typing import Any


def result_options(description: str | None) -> argparse.ArgumentParser:
    """What every script that adds rows needs to know."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--experiment", type=Path, required=True, help="folder of all trainings")
    parser.add_argument("--out", type=Path, required=True, help="RESULTS.md")
    parser.add_argument("--command", required=True, help="that the reader should type")
    parser.add_argument("--commit", required=True, help="of the code that evaluates")
    return parser


def run_facts(options: argparse.Namespace) -> dict[str, Any]:
    """All columns of a `ResultRow` but the metric.

    Args:
        options: See `result_options`.
    """
    experiment: Path = options.experiment
    runs = sorted(experiment.glob("*/environment.json"))
    if not runs:
        raise SystemExit(f"{experiment}: no trainings; run stage 3")
    environment = read_json(runs[0])
    try:
        seconds = float((experiment / "seconds").read_text())
    except OSError:
        raise SystemExit(f"{experiment}: trainings are not finished; run stage 3") from None
    evaluation = runs[0].parent / "evaluation"
    sequences = evaluation / "sequences.json"
    scores = read_json(sequences if sequences.exists() else evaluation / "scores.json")
    commit = environment["git_commit"] or ""
    if options.commit not in ("", commit):
        commit = f"{commit}, evaluated with {options.commit}"
    count = {6: "six", 7: "seven"}.get(len(runs), str(len(runs)))
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit,
        "command": options.command,
        "parameters": f"{int(scores['parameters']):,}",
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
