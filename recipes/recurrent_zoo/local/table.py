"""The table of all networks: into RESULTS.md, and onto the terminal."""

from __future__ import annotations

import argparse
import datetime
import json
import statistics
from pathlib import Path
from typing import Any

import yaml

from speechrnn.cli.script import run_script
from speechrnn.evaluation.metrics import Rate, mean_with_interval
from speechrnn.evaluation.results import replace_section
from speechrnn.evaluation.training_record import read_record


def main() -> None:
    """Read, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--experiments", type=Path, required=True)
    parser.add_argument("--seeds", required=True, help="separated by commas")
    parser.add_argument("--costs", type=Path, required=True)
    parser.add_argument("--command", required=True)
    parser.add_argument("--commit", required=True, help="of the measured costs")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("names", nargs="+", help="CELL_uni or CELL_bi")
    options = parser.parse_args()
    seeds = options.seeds.split(",")
    costs, corpus = read_record(options.costs), read_record(options.data / "corpus.json")
    rows, trained_by, batches, epochs = [], [], [], 0
    for name in options.names:
        config = yaml.safe_load((options.experiments / f"{name}.yaml").read_text(encoding="utf-8"))
        runs = [options.experiments / name / f"seed{seed}" for seed in seeds]
        found = [read_run(run) for run in runs]
        trained_by += [run["commit"] for run in found]
        epochs, batches = config["training"]["epochs"], config["training"]["batch_size"]
        rows.append(row(name, config["model"]["hidden_size"], found, costs["networks"][name]))
    ahead = costs["look_ahead_ms"]
    section = [
        f"{datetime.date.today().isoformat()}, `{options.command}`; trained with commit "
        f"{', '.join(dict.fromkeys(trained_by))}, costs measured with {options.commit}; "
        f"{costs['device']}, one thread. {epochs} epochs in batches of {batches}, seeds "
        f"{', '.join(seeds)}; the epoch with the lowest validation loss is tested, once.",
        "",
        "Accuracy with its interval: "
        + ("Wilson's for these clips." if len(seeds) == 1 else "Student's t over the seeds.")
        + " Training a network: CPU minutes of the whole process, reading and validation included. "
        "Clips/s: one-second clips for each second of CPU in a training step (features, network, "
        "gradient, optimiser; no augmentation). Clip: CPU from a second's waveform to its word, "
        "ONNX Runtime. Stream: CPU for 20 ms of audio through `speechrnn.Stream`, chunks of "
        f"{costs['chunk_ms']:g} ms with {ahead['uni']:g} ms of look-ahead in one direction, "
        f"{ahead['bi']:g} ms in both. The costs are medians of turns through all networks.",
        "",
        "| network | directions | hidden size | parameters | validation | test accuracy | "
        "training (CPU min) | clips/s | clip (ms) | stream (ms) |",
        "| --- " * 10 + "|",
        *rows,
    ]
    heading = f"{corpus['corpus']}: {corpus['task']}; {corpus['tests']['test']}"
    replace_section(options.out, heading, section)
    print("\n".join(section))


def read_run(run: Path) -> dict[str, Any]:
    """Scores, cost and origin of one training."""
    metrics = (run / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    best = min((json.loads(line) for line in metrics), key=lambda record: record["valid_loss"])
    cpu_s = sum(map(float, (run / "cpu_seconds").read_text(encoding="utf-8").split()))
    return {
        "commit": read_record(run / "run" / "environment.json")["git_commit"],
        "scores": read_record(run / "evaluation" / "scores.json"),
        "valid": best["valid_accuracy"],
        "cpu_minutes": cpu_s / 60,
    }


def row(name: str, hidden_size: int, runs: list[dict[str, Any]], costs: dict[str, float]) -> str:
    """A line of the table."""
    cell, _, direction = name.rpartition("_")
    rates = [run["scores"]["accuracy"] for run in runs]
    interval = mean_with_interval([rate["share"] for rate in rates]).interval
    low, high = interval or Rate(rates[0]["hits"], rates[0]["total"]).interval
    cells = [
        cell,
        {"uni": "1", "bi": "2"}[direction] if cell != "feedforward" else "–",
        str(hidden_size),
        f"{int(runs[0]['scores']['parameters']):,}",
        f"{mean(runs, 'valid'):.1%}",
        f"{statistics.mean(rate['share'] for rate in rates):.1%} ({low:.1%}–{high:.1%})",
        f"{mean(runs, 'cpu_minutes'):.1f}",
        f"{costs['train_clips_per_s']:,.0f}",
        f"{costs['clip_ms']:.2f}",
        f"{costs['stream_ms']:.3f}",
    ]
    return f"| {' | '.join(cells)} |"


def mean(runs: list[dict[str, Any]], figure: str) -> float:
    """Mean of a figure over the seeds."""
    return statistics.mean(run[figure] for run in runs)


if __name__ == "__main__":
    run_script(main)
